"""Words of the condition language: a text cut into tokens, each with its place."""

import re
from dataclasses import dataclass
from enum import StrEnum

KEYWORDS = frozenset({"and", "or", "not", "in"})


class ConditionFault(Exception):
    """
    A fault in a condition: `offset` (0-based, in its text) and `length` of the word, a code, a sentence for people.

    `unknown` is the name that no field has, where that is the fault. `others` are further faults of the same text that
    do not follow from this one.
    """

    def __init__(
        self, message: str, *, offset: int, length: int = 1, code: str = "E204", unknown: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.length = length
        self.code = code
        self.unknown = unknown
        self.others: tuple[ConditionFault, ...] = ()


class TokenKind(StrEnum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `text` as typed (without the quotes of a string), `offset` and `length` with them."""

    kind: TokenKind
    text: str
    offset: int
    length: int

    def is_word(self, word: str) -> bool:
        """Whether this is the keyword or sign *word*."""
        return self.text == word and self.kind in (TokenKind.NAME, TokenKind.SIGN)


_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?[0-9][0-9A-Za-z_.]*)"
    r"|(?P<string>'[^'\n]*')|(?P<sign>!=|<=|>=|==|<>|&&|\|\||[=<>()\[\],])"
)
_MEANT = {
    "==": "「==」请写成「=」。",
    "<>": "「<>」请写成「!=」。",
    "&&": "「&&」请写成 and。",
    "||": "「||」请写成 or。",
}
_STRAY = {
    '"': "文字请放在英文单引号里，写成 'quick' 这样。",
    "'": "这里的单引号没有配对，请补上另一半。",
    "!": "「!」请写成 not；「不等于」写成 !=。",
    ".": "条件里不能取下级内容，只写字段名。",
    **dict.fromkeys("+-*/%", "条件里没有加减乘除，请直接写出数字。"),
    **dict.fromkeys("（）", "请用英文括号 ( )。"),
    **dict.fromkeys("【】「」", "请用英文方括号 [ ]。"),
    **dict.fromkeys("‘’“”", "请用英文单引号 '。"),
    **dict.fromkeys("，、", "请用英文逗号 ,。"),
    "＝": "请用英文等号 =。",
    "≠": "「≠」请写成 !=。",
    "≥": "「≥」请写成 >=。",
    "≤": "「≤」请写成 <=。",
    "＞": "请用英文的 >。",
    "＜": "请用英文的 <。",
    "&": "「&」请写成 and。",
    "|": "「|」请写成 or。",
}


def tokens_of(text: str) -> list[Token]:
    """
    Return the tokens of *text*, with one of kind END last.

    Raises:
        ConditionFault: a character that no condition has.
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionFault(_stray(text[position]), offset=position)
        position = match.end()
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_token(kind, match.group(), match.start()))
    found.append(Token(TokenKind.END, "", len(text), 0))
    return found


def _token(kind: str, typed: str, offset: int) -> Token:
    if typed in _MEANT:
        raise ConditionFault(_MEANT[typed], offset=offset, length=2)
    text = typed[1:-1] if kind == "string" else typed
    return Token(TokenKind(kind), text, offset, len(typed))


def _stray(character: str) -> str:
    return _STRAY.get(character, f"条件里不能有「{character}」。")
