"""
Every error the engine raises, with its stable code and its wording.

    SanlianError
    ├── BadInput            something given to us cannot be used; nothing was written
    │   ├── BadDuration · BadOffset · NaiveInstant · BadInstant
    │   ├── BadText         NUL, lone surrogate, too long
    │   ├── BadFile         a file that cannot be read as what it should be
    │   ├── BadCalendar (CalendarFaults: its files have faults) · BadWorkflow
    │   ├── BadOrganisation
    │   └── BadPassword     a new password that is easy to guess
    ├── NotFound            no such matter, workflow, version, calendar, unit, post; or one that is not theirs to see
    ├── Forbidden           a page or command that this post never has (TokenOnlyReads: a token that may not change)
    ├── NotSignedIn         nobody has signed in, or the session is over (SignInRefused: not with these words;
    │                       TokenRefused: a program's token does not count; CodeRefused: not the code of the first
    │                       run; WrittenByAnother: not who wrote it)
    ├── PostChanged         a form that its writer began with another post (PostEnded: which is over)
    ├── TooManyTries        too many failures lately; it says when to try again
    ├── PasswordNeeded      a sensitive act: the password must be given again
    ├── PasswordChangeNeeded  a one-time password must be changed before anything else
    ├── Refused             the engine will not do this now (carries the refusal)
    ├── Conflict            somebody else was first (KeyReused: the key was used for another request)
    ├── Unavailable         the store cannot take it now: busy, full, read only, gone
    │   └── Busy            too many want the same costly work at this moment
    └── Broken              a promise of ours does not hold; the log says where

The wording stands here and nowhere else: ``text`` is the Chinese sentence, filled from the error's own fields.
"""

from datetime import datetime
from typing import ClassVar


class SanlianError(Exception):
    """Base of all our errors; *fields* fill the wording and travel to the client as they are."""

    code: ClassVar[str] = "error"
    text: ClassVar[str] = "出错了。"

    def __init__(self, **fields: object) -> None:
        super().__init__(fields)
        self.fields = fields

    def __str__(self) -> str:
        return self.text.format(**self.fields)


class BadInput(SanlianError):
    """Something given to us cannot be used."""

    code = "bad_input"
    text = "{where}：收到「{found}」，应当是{expected}。"


class BadDuration(BadInput):
    """Text that is not a duration. Fields: found, suggestion (bare, may be empty), hint (its sentence)."""

    code = "bad_duration"
    text = "「{found}」不是时限，应当写成 30m、4wh、3d、3d roll 或 3wd 这样。{hint}"


class BadOffset(BadInput):
    """Text that is not a timer's `at`. Fields: found, suggestion (bare, may be empty), hint (its sentence)."""

    code = "bad_offset"
    text = "「{found}」不是时点，应当写成 entry、50%、due-1wd、due、due+3wd、every 7d 或 end。{hint}"


class NaiveInstant(BadInput):
    """An instant without a zone. Fields: found."""

    code = "naive_instant"
    text = "时刻「{found}」没有时区，请写成 2026-11-20T14:20:00+08:00 这样。"


class BadInstant(BadInput):
    """Text that is not an RFC 3339 instant. Fields: found."""

    code = "bad_instant"
    text = "「{found}」不是时刻，请写成 2026-11-20T14:20:00+08:00 这样。"


class BadText(BadInput):
    """Text that cannot be kept exactly. Fields: where, found, expected."""

    code = "bad_text"


class BadFile(BadInput):
    """A file that cannot be read as what it should be. Fields: where, found, expected."""

    code = "bad_file"


class BadCalendar(BadInput):
    """A calendar that cannot be used. Fields: where, found, expected."""

    code = "bad_calendar"


class CalendarFaults(BadCalendar):
    """Calendar files with faults. Fields: findings (a list, in order of position), count, listing."""

    code = "calendar_faults"
    text = "日历有 {count} 处要改：\n{listing}"


class BadWorkflow(BadInput):
    """A workflow with faults. Fields: findings (a list, in order of position)."""

    code = "bad_workflow"
    text = "流程有 {count} 处要改：\n{listing}"


class BadOrganisation(BadInput):
    """Units, posts or a roster that contradict each other. Fields: where, found, expected."""

    code = "bad_organisation"


class BadPassword(BadInput):
    """A new password that is easy to guess. Fields: reason."""

    code = "bad_password"
    text = "这个密码不能用：{reason}。"


class NotFound(SanlianError):
    """No such thing. Fields: what, found."""

    code = "not_found"
    text = "没有找到{what}「{found}」。"


class Forbidden(SanlianError):
    """A page or command that this post never has. Fields: what."""

    code = "forbidden"
    text = "这个岗位没有「{what}」。换一个岗位，或者找管岗位的人。"


class TokenOnlyReads(Forbidden):
    """A program's token that may only read was to change something."""

    code = "token_only_reads"
    text = "这个令牌只能读。要改动，向管服务器的人要一个能办的。"


class NotSignedIn(SanlianError):
    """Nobody has signed in, or the session is over."""

    code = "not_signed_in"
    text = "请先登录。登录过的话，可能是太久没有操作，或在别处退出了。"


class SignInRefused(NotSignedIn):
    """No such account, another password, or an account that is closed: the words are the same."""

    code = "sign_in_refused"
    text = "工号或密码不对。忘了密码，找系统管理员重设。"


class TokenRefused(NotSignedIn):
    """A program's token that is not known, has expired or was revoked, or whose post has ended."""

    code = "token_refused"
    text = "这个令牌不认得、过期了，或已经收回。向管服务器的人要一个新的。"


class WrittenByAnother(NotSignedIn):
    """A form that somebody else wrote than has signed in. Fields: writer, signed."""

    code = "written_by_another"
    text = "写的是{writer}，现在登录的是{signed}。没有交，没有记在谁名下。要交，由{writer}登录以后再交。"


class PostChanged(SanlianError):
    """A form that its writer began with another post. Fields: before, present."""

    code = "post_changed"
    text = "写的时候用的岗位是「{before}」，现在用的是「{present}」。换回那个岗位再交，或者用现在的岗位重新填。"


class PostEnded(PostChanged):
    """A form that its writer began with a post that is over. Fields: before, advice."""

    code = "post_ended"
    text = "写的时候用的岗位「{before}」已经结束。{advice}"


class CodeRefused(NotSignedIn):
    """It is not the code of the first run, or that is over."""

    code = "code_refused"
    text = "这个码不对，或者已经过期、用过了。重新启动服务，会打印一个新的。"


class TooManyTries(SanlianError):
    """Too many failures lately. Fields: minutes (to wait), until (instant)."""

    code = "too_many_tries"
    text = "试的次数太多了，请过 {minutes} 分钟再试。"

    @property
    def until(self) -> datetime:
        """The instant from which one may try again."""
        instant = self.fields["until"]
        assert isinstance(instant, datetime)  # whoever raises it says when
        return instant


class PasswordNeeded(SanlianError):
    """A sensitive act: the password must be given again."""

    code = "password_needed"
    text = "这一步要紧，请再输一次密码。"


class PasswordChangeNeeded(SanlianError):
    """A one-time password must be changed before anything else."""

    code = "password_change_needed"
    text = "现在用的是一次性密码，先换成自己的。"


class Refused(SanlianError):
    """The engine will not do this now. Fields: refusal (a `RefusalCode` value), reason, field."""

    code = "refused"
    text = "{reason}"


class Conflict(SanlianError):
    """Somebody else was first. Fields: what."""

    code = "conflict"
    text = "{what}"


class KeyReused(Conflict):
    """An idempotency key came back with another request. Fields: key."""

    code = "key_reused"
    text = "这次提交的编号「{key}」已经用于另一次提交，请刷新后再试。"


class Unavailable(SanlianError):
    """The store cannot take it now. Fields: what, retry_after_seconds."""

    code = "unavailable"
    text = "暂时存不进去：{what}。您填的内容还在，请稍后再提交。"


class Busy(Unavailable):
    """Too many want the same costly work at this moment. Fields: what, retry_after_seconds."""

    code = "busy"
    text = "{what}，请过几秒再试一次。您填的内容还在。"


class Broken(SanlianError):
    """A promise of ours does not hold. Fields: what, where."""

    code = "broken"
    text = "内部对不上：{what}（{where}）。"
