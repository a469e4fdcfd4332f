"""
The condition language: `kind in ['quick', 'big'] and (households >= 10 or cross_unit) and not external`.

Comparisons of one field with constants, joined by `and or not` and brackets. No arithmetic, no calls, no loops: small
enough that overlap, gaps and «can never be true» are decided exactly (`regions`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.core.clock.instants import is_day
from engine.core.terms import Counter, FieldType
from engine.core.workflow.condition_tree import (
    ORDERED,
    SIGNS,
    AllOf,
    Among,
    AnyOf,
    Compare,
    ConditionKind,
    Constant,
    Not,
    Test,
    Tree,
    Truth,
    Values,
    compile_tree,
)
from engine.core.workflow.condition_words import KEYWORDS, ConditionFault, Token, TokenKind, tokens_of

LONGEST_CHARACTERS = 500
DEEPEST = 50
LARGEST_NUMBER = 2**53 - 1

Locate = Callable[[int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ConditionType:
    """Type of a name: `choices` None means any text; bounds are for numbers, both ends inside."""

    kind: ConditionKind
    choices: tuple[str, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None


def field_type(
    type_: FieldType,
    *,
    choices: tuple[str, ...] | None = None,
    minimum: int | None = None,
    maximum: int | None = None,
    private: bool = False,
) -> ConditionType:
    """Return what conditions may do with a field declared like this."""
    if private or type_.is_private:
        return ConditionType(ConditionKind.PRIVATE)
    if type_ is FieldType.NUMBER:
        return ConditionType(ConditionKind.NUMBER, minimum=minimum, maximum=maximum)
    if type_ is FieldType.CHOICE:
        return ConditionType(ConditionKind.CHOICE, choices=choices)
    return ConditionType(ConditionKind.YESNO if type_ is FieldType.YESNO else ConditionKind.DATE)


def built_in_types(
    *, classes: tuple[str, ...], levels: tuple[str, ...], seasons: tuple[str, ...]
) -> dict[str, ConditionType]:
    """Return the names every condition may use: counters, class, level, external, season, similar_30d."""
    count = ConditionType(ConditionKind.NUMBER, minimum=0)
    return {
        **{str(counter): count for counter in Counter},
        "class": ConditionType(ConditionKind.CHOICE, choices=classes),
        "level": ConditionType(ConditionKind.CHOICE, choices=levels),
        "external": ConditionType(ConditionKind.YESNO),
        "season": ConditionType(ConditionKind.SEASON, choices=seasons),
        "similar_30d": count,
    }


@dataclass(frozen=True, slots=True)
class Word:
    """A name where it stands: `offset` in the text, line and column in the file when the reader located it."""

    name: str
    offset: int
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read and typed; equal when its text is."""

    text: str
    names: frozenset[str]
    tree: Tree = field(compare=False, repr=False)
    words: tuple[Word, ...] = field(compare=False, repr=False)
    test: Test = field(compare=False, repr=False)

    def holds(self, values: Values) -> bool:
        """Whether it is true of *values* (`season`: the set of seasons now); a missing name makes its atom false."""
        return self.test(values)


def parse_condition(text: str, *, types: Mapping[str, ConditionType], locate: Locate | None = None) -> Condition:
    """
    Read *text*.

    Args:
        types: every name that may be used.
        locate: gives the line and column in the file for an offset in *text*; kept in `words`.
    Raises:
        ConditionFault: the first fault; its `others` are further ones.
    """
    if len(text) > LONGEST_CHARACTERS:
        message = f"条件最多 {LONGEST_CHARACTERS} 个字符，现在 {len(text)} 个。请拆成几条。"
        raise ConditionFault(message, offset=LONGEST_CHARACTERS, length=len(text) - LONGEST_CHARACTERS)
    parser = _Parser(text, types)
    tree = parser.read()
    if tree is None or parser.faults:
        first, *rest = sorted(parser.faults, key=lambda fault: fault.offset)
        first.others = tuple(rest)
        raise first
    words = tuple(
        Word(token.text, token.offset, *(locate(token.offset) if locate else (0, 0))) for token in parser.names
    )
    return Condition(text, frozenset(word.name for word in words), tree, words, compile_tree(tree))


class _Parser:
    """One reading of one text, by recursive descent; faults of meaning are collected, one of form ends the reading."""

    def __init__(self, text: str, types: Mapping[str, ConditionType]) -> None:
        self._types = types
        self._tokens = tokens_of(text)
        self._next = 0
        self._depth = 0
        self.names: list[Token] = []
        self.faults: list[ConditionFault] = []

    def read(self) -> Tree | None:
        try:
            return self._whole()
        except ConditionFault as fault:
            self.faults.append(fault)
            return None

    def _whole(self) -> Tree:
        if self._look().kind is TokenKind.END:
            raise ConditionFault("条件是空的，请写成 kind = 'quick' 这样。", offset=0, length=0)
        tree = self._any()
        rest = self._look()
        if rest.kind is not TokenKind.END:
            raise _fault(rest, _unexpected(rest))
        return tree

    def _look(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._look()
        self._next += 1
        return token

    def _took(self, word: str) -> bool:
        if self._look().is_word(word):
            self._next += 1
            return True
        return False

    def _any(self) -> Tree:
        parts = [self._all()]
        while self._took("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all(self) -> Tree:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self) -> Tree:
        token = self._look()
        if not (token.is_word("not") or token.is_word("(")):
            return self._atom()
        self._depth += 1
        if self._depth > DEEPEST:
            raise _fault(token, f"括号和 not 最多套 {DEEPEST} 层，请写得简单些。")
        self._next += 1
        tree: Tree = Not(self._one()) if token.text == "not" else self._bracket(token)
        self._depth -= 1
        return tree

    def _bracket(self, opened: Token) -> Tree:
        tree = self._any()
        if self._look().kind is TokenKind.END:
            raise _fault(opened, "这个括号没有合上，请补上「)」。")
        if not self._took(")"):
            raise _fault(self._look(), _unexpected(self._look()))
        return tree

    def _atom(self) -> Tree:
        name = self._take()
        if name.kind is not TokenKind.NAME or name.text.lower() in KEYWORDS:
            raise _fault(name, _no_name(name))
        if self._look().is_word("("):
            raise _fault(name, f"条件里没有函数，请写成 {name.text} 和一个值比较。")
        self.names.append(name)
        known = self._types.get(name.text)
        if known is None:
            message = _unknown_name(name.text, self._types)
            self.faults.append(ConditionFault(message, offset=name.offset, length=name.length, unknown=name.text))
        elif known.kind is ConditionKind.PRIVATE:
            self._blame(name, f"「{name.text}」是受保护的内容，条件里不能用它；请换一个选择、数字或是否字段。")
            known = None
        return self._relation(name, known)

    def _relation(self, name: Token, known: ConditionType | None) -> Tree:
        """Read what stands behind *name*; without a known type only its form is checked."""
        sign = self._look()
        if sign.text in SIGNS and sign.kind is TokenKind.SIGN:
            self._next += 1
            return self._comparison(name, sign, known)
        if sign.is_word("in") or (sign.is_word("not") and self._look(1).is_word("in")):
            return self._membership(name, known)
        if known is not None and known.kind is not ConditionKind.YESNO:
            self._blame(name, f"「{name.text}」要和一个值比较，写成 {_example(name.text, known)} 这样。")
        return Truth(name.text)

    def _comparison(self, name: Token, sign: Token, known: ConditionType | None) -> Tree:
        constant = self._constant(name, known)
        kind = known.kind if known is not None else ConditionKind.CHOICE
        if known is not None and sign.text not in ("=", "!=") and kind not in ORDERED:
            self._blame(sign, f"「{name.text}」不分大小，只能用 =、!= 或 in。")
        return Compare(name.text, kind, sign.text, constant)

    def _membership(self, name: Token, known: ConditionType | None) -> Tree:
        negated = self._took("not")
        word = self._take()
        opened = self._take()
        if not opened.is_word("["):
            raise _fault(opened, f"{word.text} 后面应当是方括号里的几个值，写成 ['a', 'b'] 这样。")
        constants = [self._constant(name, known)]
        while self._took(","):
            constants.append(self._constant(name, known))
        if self._look().kind is TokenKind.END:
            raise _fault(opened, "这个方括号没有合上，请补上「]」。")
        if not self._took("]"):
            raise _fault(self._look(), "几个值之间用英文逗号隔开，最后用「]」合上。")
        kind = known.kind if known is not None else ConditionKind.CHOICE
        among = Among(name.text, kind, tuple(constants))
        return Not(among) if negated else among

    def _constant(self, name: Token, known: ConditionType | None) -> Constant:
        token = self._take()
        bare = token.kind is TokenKind.NAME and token.text not in KEYWORDS
        if token.kind not in (TokenKind.NUMBER, TokenKind.STRING) and not bare:
            raise _fault(token, f"「{name.text}」要和一个值比较，这里缺少这个值。")
        if known is None:
            return token.text
        message = _misfit(name.text, token, known)
        if message:
            self._blame(token, message)
            return 0 if known.kind is ConditionKind.NUMBER else ""
        return int(token.text) if known.kind is ConditionKind.NUMBER else token.text

    def _blame(self, token: Token, message: str) -> None:
        self.faults.append(_fault(token, message))


def _fault(token: Token, message: str) -> ConditionFault:
    return ConditionFault(message, offset=token.offset, length=token.length)


def _unexpected(token: Token) -> str:
    if token.text.lower() in KEYWORDS and token.text not in KEYWORDS:
        return f"「{token.text}」请写成小写的 {token.text.lower()}。"
    if token.is_word(")"):
        return "这个「)」前面没有「(」。"
    if token.is_word("=") or token.text in SIGNS:
        return "一次只比较一个字段和一个值；几个条件用 and 或 or 连接。"
    return f"这里多了「{token.text}」；几个条件之间要写 and 或 or。"


def _no_name(token: Token) -> str:
    if token.kind is TokenKind.END:
        return "条件没有写完，这里应当是一个字段。"
    if token.text.lower() in KEYWORDS and token.text not in KEYWORDS:
        return f"「{token.text}」请写成小写的 {token.text.lower()}。"
    if token.kind in (TokenKind.NUMBER, TokenKind.STRING):
        return f"这里应当是一个字段，收到的是一个值「{token.text}」；字段写在前面，值写在后面。"
    return f"这里应当是一个字段，收到「{token.text}」。"


def _unknown_name(name: str, types: Mapping[str, ConditionType]) -> str:
    usable = [known for known, type_ in types.items() if type_.kind is not ConditionKind.PRIVATE]
    return f"没有叫「{name}」的字段。{meant(name, usable)}"


def meant(found: str, known: list[str] | tuple[str, ...]) -> str:
    """Return the sentence that offers the nearest of the *known* words, or nothing."""
    near = get_close_matches(found, known, n=1, cutoff=0.6)
    return f"是不是「{near[0]}」？" if near else ""


def _example(name: str, known: ConditionType) -> str:
    if known.kind is ConditionKind.NUMBER:
        return f"{name} >= {known.minimum if known.minimum is not None else 1}"
    if known.kind is ConditionKind.DATE:
        return f"{name} >= '2026-01-01'"
    return f"{name} = '{known.choices[0] if known.choices else 'a'}'"


def _misfit(name: str, token: Token, known: ConditionType) -> str:
    """Return why the constant *token* does not fit, or nothing."""
    if known.kind is ConditionKind.YESNO:
        return f"「{name}」是「是否」字段，单独写 {name} 或 not {name}，不和值比较。"
    if known.kind is ConditionKind.NUMBER:
        return _not_a_number(name, token)
    if token.kind is not TokenKind.STRING:
        near = f"是不是 '{token.text}'？" if not known.choices or token.text in known.choices else ""
        other = "另一个字段" if token.kind is TokenKind.NAME and not near else "没有引号的"
        return f"「{name}」要和单引号里的值比较，收到{other}「{token.text}」。{near}"
    if known.kind is ConditionKind.DATE:
        return "" if is_day(token.text) else f"「{token.text}」不是日期，请写成 '2026-01-01' 这样。"
    if known.choices is not None and token.text not in known.choices:
        return f"「{name}」没有「{token.text}」这个值。{meant(token.text, known.choices)}"
    return ""


def _not_a_number(name: str, token: Token) -> str:
    digits = token.text.removeprefix("-")
    if token.kind is not TokenKind.NUMBER or not digits.isdigit():
        return f"「{name}」要和整数比较，收到「{token.text}」。"
    if len(digits) > 16 or int(digits) > LARGEST_NUMBER:
        return f"「{token.text}」太大了，最大 {LARGEST_NUMBER}。"
    return ""
