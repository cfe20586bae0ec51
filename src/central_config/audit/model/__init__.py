"""What an audit event is, how events are chained, and what an export file holds."""

from central_config.audit.model.chain import (
    EMPTY,
    GENESIS,
    SYSTEM,
    SYSTEM_CHAIN,
    Actor,
    Break,
    Chain,
    ChainReport,
    Event,
    Head,
    Record,
    Verifier,
    digest,
    link,
)
from central_config.audit.model.export import (
    decode_record,
    encode_heads,
    encode_record,
    verify_export,
)

__all__ = [
    "EMPTY",
    "GENESIS",
    "SYSTEM",
    "SYSTEM_CHAIN",
    "Actor",
    "Break",
    "Chain",
    "ChainReport",
    "Event",
    "Head",
    "Record",
    "Verifier",
    "decode_record",
    "digest",
    "encode_heads",
    "encode_record",
    "link",
    "verify_export",
]
