"""The whole record of one matter as a file that can be verified by hand, without this programme."""

import base64
import hashlib
import json
from datetime import datetime

from engine.core.history import chain_origin
from engine.core.matter import Actor
from engine.core.terms import Term
from engine.services.audit import TOPIC
from engine.services.case_file import find
from engine.services.record import log_of, record
from engine.services.verify_one import verify_one
from engine.store.unit_of_work import UnitOfWork

EXPORTED = "exported"
HOW = (
    "h_0 = SHA256(len8(log) || log || len8(matter) || matter)，len8 是 8 字节大端长度，文字按 UTF-8。",
    "逐条：body = base64 解出来的字节；h_n = SHA256(0x02 || h_(n-1) || SHA256(body))。",
    "每一条算出的 h_n 应等于该条的 hash，最后一个应等于 head。差一个字节，从那里起后面都对不上。",
    "文字、电话、照片不在里面：body 的 private 里只有 HMAC-SHA256 凭证。",
    "链只能证明前后相连。整个库有没有被换过，要与存在外面的每日摘要核对。",
)


class ExportPurpose(Term):
    """What an auditor exports or verifies for."""

    CHECK = "check", "例行检查"
    COMPLAINT = "complaint", "信访复核"
    DISCIPLINE = "discipline", "监督执纪"
    COURT = "court", "法院调取"


def export_chain(uow: UnitOfWork, ref: str, *, purpose: str, by: Actor, now: datetime) -> tuple[str, bytes]:
    """
    Return the name and the bytes of the bundle of the matter *ref*, and note who took it and what for.

    Raises:
        NotFound: there is no such matter.
    """
    with uow.write() as tx:
        matter = find(tx, ref)
        log = log_of(tx)
        demand = tx.demands.get_many({matter.id}).get(matter.id)
        report = verify_one(tx, matter.id)
        events = [
            {"seq": one.seq, "hash": one.head.hex(), "body": base64.b64encode(one.body).decode("ascii")}
            for one in tx.events.of(matter.id)
        ]
        workflow = tx.workflows.get(matter.digest)
        bundle = {
            "format": "sanlian-chain-1",
            "log": log,
            "matter": matter.id,
            "number": demand.number if demand is not None else None,
            "h_0": chain_origin(log, matter.id).hex(),
            "head": report.head.hex(),
            "holds": not report.findings,
            "exported_at": now.isoformat(),
            "purpose": purpose,
            "how_to_verify": list(HOW),
            "workflow": {
                "digest": matter.digest,
                "text": workflow.flow_text.decode() if workflow is not None else None,
            },
            "events": events,
        }
        text = json.dumps(bundle, ensure_ascii=False, indent=1).encode()
        data = {"matter": matter.id, "events": len(events), "purpose": purpose, "sha256": _digest(text)}
        record(tx, TOPIC, action=EXPORTED, by=by, now=now, data=data)
    name = demand.number if demand is not None else matter.id
    return f"{name}.json", text


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
