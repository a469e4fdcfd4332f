"""Which work orders of an upper platform were given back, and how far each was told."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from engine.store.tables.row import Row


class OrderOutRow(Row, table=True):
    """A work order in an export: its matter as it stood after event `seq`."""

    __tablename__ = "order_out"
    __table_args__ = (Index("ix_order_out_matter", "district_id", "matter_id", "seq"),)

    district_id: str = Field(primary_key=True)
    export: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    seq: int
    at: datetime
