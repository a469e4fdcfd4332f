"""Write the current flows, their limits, catalogues and calendars as files, byte for byte as they were published."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.core.clock.calendar_rules import YearTable
from engine.core.workflow.document import read_document
from engine.errors import BadFile, Conflict
from engine.services.library import CALENDARS, CATALOGUES, LIMITS_SUFFIX, SUFFIX
from engine.services.look_up import Beside, CalendarTexts
from engine.services.read_calendar import read_table
from engine.store.unit_of_work import Transaction, UnitOfWork
from engine.store.workflows import CalendarVersion, WorkflowVersion


@dataclass(frozen=True, slots=True)
class Exported:
    """The files written, and those that held the same already; both relative to the folder."""

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]


def export_workflows(uow: UnitOfWork, folder: Path) -> Exported:
    """
    Write everything that is current into *folder*; a file that holds something else is not overwritten.

    Raises:
        Conflict: some of the files hold something else, or two flows use different texts of one catalogue; nothing
            was written.
        BadFile: a file cannot be read or written.
    """
    with uow.read() as tx:
        files = _files(tx)
    try:
        differing = [path for path, data in files.items() if _holds_other(folder / path, data)]
        if differing:
            names = "、".join(map(str, differing))
            raise Conflict(what=f"{folder} 里有内容不同的文件：{names}。没有覆盖，请换一个文件夹，或先把它们移开。")
        missing = [path for path in files if not (folder / path).exists()]
        for path in missing:
            _write(folder / path, files[path])
    except OSError as error:
        where = str(error.filename or folder)
        raise BadFile(where=where, found=error.strerror or "写不了", expected="一个可以写的文件夹") from error
    return Exported(tuple(missing), tuple(path for path in files if path not in missing))


def _holds_other(path: Path, data: bytes) -> bool:
    return path.exists() and path.read_bytes() != data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.making")
    whole.write_bytes(data)
    whole.replace(path)


def _files(tx: Transaction) -> dict[Path, bytes]:
    files: dict[Path, bytes] = {}
    for version in tx.workflows.versions():
        if version.current:
            _add_all(files, _files_of_flow(version))
    for calendar in tx.workflows.current_calendars():
        _add_all(files, _files_of_calendar(calendar))
    return dict(sorted(files.items()))


def _add_all(files: dict[Path, bytes], more: dict[Path, bytes]) -> None:
    for path, data in more.items():
        if files.setdefault(path, data) != data:
            raise Conflict(what=f"几个流程发布时用的 {path} 不一样，请用同一份把它们再发布一次。")


def _files_of_flow(version: WorkflowVersion) -> dict[Path, bytes]:
    files = {Path(f"{version.id}{SUFFIX}"): version.flow_text}
    if version.limits_text is not None:
        files[Path(f"{version.id}{LIMITS_SUFFIX}")] = version.limits_text
    for kept in msgspec.json.decode(version.beside, type=Beside).catalogues:
        files[Path(CATALOGUES, f"{Path(kept.file).stem}{SUFFIX}")] = kept.text.encode()
    return files


def _files_of_calendar(version: CalendarVersion) -> dict[Path, bytes]:
    texts = msgspec.json.decode(version.texts, type=CalendarTexts)
    files = {Path(CALENDARS, f"{version.id}{SUFFIX}"): texts.base.text.encode()}
    for table in texts.tables:
        years: dict[int, YearTable] = {}
        read_table(read_document(table.text, table.file), calendar_id=version.id, years=years)
        files.update({Path(CALENDARS, version.id, f"{year}{SUFFIX}"): table.text.encode() for year in years})
    return files
