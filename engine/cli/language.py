"""`sanlian check`, `explain`, `draw`, `diff`: what is wrong with a flow, what it says, how it looks, what changed."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from engine.cli.given import flow_given
from engine.cli.refusal import FOUND, refusals
from engine.core.workflow.diagram import draw_flow
from engine.core.workflow.difference import differences
from engine.core.workflow.findings import Finding
from engine.core.workflow.sentences import explain_flow, explain_state
from engine.errors import BadWorkflow, NotFound
from engine.services.check_file import check_file

FAULTY = (BadWorkflow,)

FlowPath = Annotated[Path, typer.Argument(metavar="FILE", help="流程文件，或它的时限表。")]
Format = Annotated[Literal["text", "json"], typer.Option("--format", help="text 给人看，json 给程序用。")]


def register(app: typer.Typer) -> None:
    """Add the commands of the language to *app*."""
    app.command("check", help="检查流程、时限表、日历、目录，列出每一处问题。")(check_files)
    app.command("explain", help="把流程讲成一句一句的话。")(explain)
    app.command("draw", help="画成 Mermaid 图：层级是泳道，箭头上写时限。")(draw)
    app.command("diff", help="比较两版流程，说清规则改了什么。")(diff)


def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="流程、时限表、日历或目录文件。")],
    *,
    format_: Format = "text",
) -> None:
    """Print every finding; exit 1 when one is an error."""
    with refusals(found=FAULTY):
        found = {finding: None for file in files for finding in check_file(file)}
    findings = list(found)
    typer.echo(_as_json(findings) if format_ == "json" else _as_text(findings, files))
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(FOUND)


def _as_json(findings: list[Finding]) -> str:
    return msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()


def _as_text(findings: list[Finding], files: list[Path]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    if not findings:
        return f"{len(files)} 个文件，没有发现问题。"
    return "\n".join([*map(str, findings), f"要改的 {errors} 处，提醒 {len(findings) - errors} 处。"])


def explain(
    file: FlowPath,
    *,
    state: Annotated[str | None, typer.Option("--state", metavar="ID", help="只讲这一个状态。")] = None,
) -> None:
    """Say each state of a flow as sentences."""
    with refusals(found=FAULTY):
        workflow = flow_given(file)
        if state is not None and state not in workflow.states:
            raise NotFound(what="状态", found=state)
    lines = explain_flow(workflow) if state is None else explain_state(workflow, state)
    _print(lines)


def draw(file: FlowPath) -> None:
    """Print a flow as a Mermaid diagram."""
    with refusals(found=FAULTY):
        workflow = flow_given(file)
    typer.echo(draw_flow(workflow), nl=False)


def diff(
    old: Annotated[Path, typer.Argument(metavar="A", help="旧版的流程文件。")],
    new: Annotated[Path, typer.Argument(metavar="B", help="新版的流程文件。")],
) -> None:
    """Say what changed between two versions of a flow, rule by rule."""
    with refusals(found=FAULTY):
        before, after = flow_given(old), flow_given(new)
    changes = differences(before, after)
    _print([str(change) for change in changes] or ["两版没有不同。"])


def _print(lines: Iterable[str]) -> None:
    typer.echo("\n".join(lines))
