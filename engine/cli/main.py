"""The command line: one module per group of commands, gathered here."""

import typer

from engine.cli import audit, calendar, cases, demo, language, operate, publish, schema, serve, xes

app = typer.Typer(
    name="sanlian",
    help="三级联动：小事在网格办，大事社区商量，难事部门联办；到点没人办，自动往上走。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for group in (calendar, schema):
    app.add_typer(group.app)
for module in (serve, demo, language, cases, publish, xes, audit, operate):
    module.register(app)

if __name__ == "__main__":
    app()
