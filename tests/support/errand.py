"""Two small flows for tests of store and door: an errand of a grid, and the chore a department does for it."""

from engine.core.workflow.catalogue import Source
from tests.support.town import settle

ERRAND = """\
sanlian: 1
workflow: errand
version: 1
label: { zh: 跑腿, en: Errand }
roles:
  resident:    { label: { zh: 居民 },   covers: own }
  grid_worker: { label: { zh: 网格员 }, covers: grid, above: grid_leader }
  grid_leader: { label: { zh: 网格长 }, covers: grid }
fields:
  detail: { type: text, max: 500, label: { zh: 事情 } }
  note:   { type: text, max: 500, label: { zh: 记录 } }
  photo:  { type: files, max: 9, label: { zh: 照片 } }
  rooms:  { type: number, min: 1, default: 1, label: { zh: 间数 } }
starts:
  resident: { by: [resident], require: [detail], optional: [rooms, photo], to: waiting }
states:
  waiting:
    label: { zh: 等人接 }
    held_by: grid_worker
    due: 1h
    timers:
      - { at: due-30m, do: remind }
      - { at: due, do: advance, to: urgent }
    actions:
      accept: { label: { zh: 接下 }, by: [grid_worker], to: doing, optional: [rooms] }
      count:  { label: { zh: 数一数 }, by: [grid_worker], require: [rooms] }
      share:  { label: { zh: 请部门办 }, by: [grid_worker], to: shared }
  urgent:
    label: { zh: 催着办 }
    held_by: grid_leader
    due: 2h
    no_deadline: { zh: 催到办为止 }
    timers: [ { at: due, do: late }, { at: every 4h, do: progress } ]
    actions:
      accept: { label: { zh: 接下 }, by: [grid_leader], to: doing }
  doing:
    label: { zh: 在办 }
    held_by: grid_worker
    due: 4h
    no_deadline: { zh: 办到好为止 }
    timers: [ { at: due, do: late } ]
    actions:
      finish: { label: { zh: 办好 }, by: [grid_worker, grid_leader], to: done, require: [note] }
  shared:
    label: { zh: 部门在办 }
    held_by: grid_worker
    children:
      lead: { workflow: chore, start: start, to: department, count: 1, limit: 2h }
      join: all
      done: { to: doing }
    due: 3h
    timers: [ { at: due, do: advance, to: waiting } ]
    actions:
      drop: { label: { zh: 不用办了 }, by: [grid_worker], to: done }
  done: { label: { zh: 办完 }, final: done }
"""
CHORE = """\
sanlian: 1
workflow: chore
version: 1
matter: task
label: { zh: 杂活, en: Chore }
roles:
  department: { label: { zh: 部门 }, covers: department }
fields:
  note: { type: text, max: 500, label: { zh: 记录 } }
start: { to: open, by: [department] }
states:
  open:
    label: { zh: 在办 }
    held_by: department
    due: given
    timers: [ { at: due, do: close, to: dropped } ]
    actions:
      finish: { label: { zh: 办好 }, by: [department], to: finished, optional: [note] }
  finished: { label: { zh: 办好 }, final: finished }
  dropped: { label: { zh: 没办 }, final: dropped }
"""


def flow(name: str, text: str) -> Source:
    """Return *text* as the file of a flow."""
    return Source(f"{name}.yaml", text.encode())


FLOWS = (flow("chore", CHORE), flow("errand", ERRAND))


def settle_errands(url: str) -> None:
    """Bring an empty database to the town with both flows published."""
    settle(url, flows=FLOWS)
