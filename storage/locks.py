"""What processes take turns at, as keys of PostgreSQL's advisory locks. Imports nothing: settings are read by it."""

from __future__ import annotations

from enum import IntEnum


class Lock(IntEnum):
    """First halves of the advisory locks' keys ("HF" and a number); the second half says which one."""

    MEMBER = 0x48460001  # by process number
    DELIVERER = 0x48460002  # likewise, of those that send
    GATEWAY = 0x48460003  # 0: exclusive for all shards, shared for some
    SHARD = 0x48460004  # by shard
    TOTAL = 0x48460005  # by number of shards in all; shared
    JOB = 0x48460006  # by name of the job
    IDENTIFY = 0x48460007  # by identify bucket
    STORIES = 0x48460008  # 0: who stores new entries
    COMMANDS = 0x48460009  # 0: who uploads the commands
    TAKE_OVER = 0x4846000A  # 0: who frees what dead processes hold
    COVER = 0x4846000B  # by shard: it is served in the place of its own process
    HOME = 0x4846000C  # by shard: its own process asks for it back
