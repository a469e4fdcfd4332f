"""Bytes of a file → its text: UTF-8 only, and what it is instead is named."""

import codecs
import re
import unicodedata

from engine.core.workflow.findings import Finding, finding

LARGEST_FILE_BYTES = 256 * 1024

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# U+0085, U+2028 and U+2029 end a line for YAML but not for an editor: places would no longer agree.
_UNSEEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_LINE_END = re.compile("\r\n|\r|\n")


def decode(data: bytes | str, file: str) -> str | Finding:
    """Return the text of a file without its byte order mark, or why it cannot be read."""
    text = _from_bytes(data, file) if isinstance(data, bytes) else data
    if isinstance(text, Finding):
        return text
    if len(text) * 4 > LARGEST_FILE_BYTES and len(text.encode("utf-8", "replace")) > LARGEST_FILE_BYTES:
        return _too_large(file)
    text = text.removeprefix("\ufeff")
    if bad := _UNSEEN.search(text):
        shown = f"U+{ord(bad[0]):04X} {unicodedata.name(bad[0], '')}".strip()
        line, column = place_at(text, bad.start())
        return finding("E100", f"这里有一个看不见的字符（{shown}），请删掉。", file=file, line=line, column=column)
    return text


def place_at(text: str, index: int) -> tuple[int, int]:
    """Return the 1-based line and column of the character at *index*."""
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, index):
        line, start = line + 1, end.end()
    return line, index - start + 1


def _from_bytes(data: bytes, file: str) -> str | Finding:
    if len(data) > LARGEST_FILE_BYTES:
        return _too_large(file)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _not_utf8(file, name, (1, 1))
    if wide := _wide(data):
        return _not_utf8(file, wide, (1, 1))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        sound = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        return _not_utf8(file, _guess(data), place_at(sound, len(sound)))


def _too_large(file: str) -> Finding:
    message = f"文件太大，最多 {LARGEST_FILE_BYTES // 1024} KiB。"
    return finding("E105", message, file=file, line=1, column=1)


def _not_utf8(file: str, name: str, place: tuple[int, int]) -> Finding:
    message = f"文件的编码是 {name}，应当是 UTF-8；请在编辑器里另存为 UTF-8。"
    return finding("E100", message, file=file, line=place[0], column=place[1])


def _wide(data: bytes) -> str:
    """Name UTF-16 or UTF-32 without a mark by the zeros that its ASCII characters leave."""
    zeros = data.count(0)
    if zeros * 8 < len(data) or not zeros:
        return ""
    return "UTF-32" if zeros * 2 > len(data) else "UTF-16"


def _guess(data: bytes) -> str:
    """Name an encoding that is not UTF-8: Chinese bytes stand together, accented letters stand alone."""
    runs = _HIGH_RUN.findall(data)
    if sum(1 for run in runs if len(run) == 1) * 2 > len(runs):
        return "Latin-1（西欧）"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "UTF-8 以外的"
    return "GB18030（GBK）"
