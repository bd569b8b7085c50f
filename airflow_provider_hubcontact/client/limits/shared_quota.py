# SPDX-License-Identifier: Apache-2.0
"""Slots that all workers of a portal share, in Redis or Valkey.

The store's clock counts, so that the workers' clocks need not agree. A worker that dies blocks nothing: its
slots expire like all others.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.client.errors import ConfigurationError
from airflow_provider_hubcontact.client.limits.quota import LocalSlots, Quota, Slot
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.printable import printable_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis


log = printable_logger(__name__)

TIMEOUT = 2.0
"""Seconds to wait for the store."""


RETRY_AFTER = 5.0
"""Seconds after which a store that was not available is tried again."""


WORKER_LIFE = 30.0
"""Seconds without a call after which a worker does not count."""


MOST_SLOTS = 2_000


_NOW = "local time = redis.call('TIME'); local now = time[1] + time[2] / 1000000\n"


TAKE = (
    _NOW
    + """
local slots, pause, number, workers, shut = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local calls, seconds, distance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local worker, life, most = ARGV[4], ARGV[5], ARGV[6]
local closed = redis.call('PTTL', shut)
if closed > 0 then return {'0', 0, 0, 1, closed} end
local at = math.max(now, tonumber(redis.call('GET', pause) or 0))
local last = tonumber(redis.call('LINDEX', slots, -1) or 0)
at = math.max(at, last)
local middle = redis.call('LINDEX', slots, -math.floor(calls / 2) - 1)
if middle and tonumber(middle) + seconds > now then at = math.max(at, last + distance) end
local oldest = redis.call('LINDEX', slots, -calls)
if oldest then at = math.max(at, tonumber(oldest) + seconds) end
redis.call('RPUSH', slots, string.format('%.6f', at))
redis.call('LTRIM', slots, -most, -1)
redis.call('PEXPIRE', slots, math.ceil((at - now + seconds) * 1000))
local used = 0
for _, each in ipairs(redis.call('LRANGE', slots, -calls, -1)) do
  if tonumber(each) + seconds > at then used = used + 1 end
end
redis.call('ZADD', workers, now, worker)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', now - life)
redis.call('PEXPIRE', workers, math.ceil(life * 1000))
local count = redis.call('INCR', number)
redis.call('EXPIRE', number, 172800)
return {string.format('%.6f', at - now), count, used, redis.call('ZCARD', workers), 0}
"""
)


USED = (
    _NOW
    + """
local slots, calls, seconds = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local used = 0
for _, each in ipairs(redis.call('LRANGE', slots, -2 * calls, -1)) do
  local at = tonumber(each)
  if at <= now and at > now - seconds then used = used + 1 end
end
return used
"""
)


PAUSE = (
    _NOW
    + """
local till = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or 0))
redis.call('SET', KEYS[1], string.format('%.6f', till), 'PX', math.ceil((till - now) * 1000) + 1)
"""
)


SHUT = "redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])"


PAUSED = _NOW + "return string.format('%.6f', math.max(0, tonumber(redis.call('GET', KEYS[1]) or 0) - now))"


class SharedSlots:
    """Slots in a store. While the store is not available, this worker continues alone with its share of them.

    A worker remembers its own calls. So it stays within the limit when the store is lost, and when it is
    back and has forgotten them.

    :param url: such as ``redis://host:6379/0`` or ``rediss://…``; Valkey speaks the same.
    :param name: who shares them, such as a portal's token without being it.
    :param clock: tells the time.
    :param connect: opens the client of a store.
    :raises ConfigurationError: if the URL is not valid, or the Redis client is not installed.
    """

    def __init__(
        self,
        url: str,
        name: str,
        clock: Clock = SYSTEM_CLOCK,
        connect: Callable[[str], Redis] | None = None,
    ) -> None:
        redis = (connect or _client)(url)
        self._prefix = f"hubcontact:{{{name}}}:"
        self._scripts = {
            script: redis.register_script(script) for script in (TAKE, USED, PAUSE, PAUSED, SHUT)
        }
        self._worker = uuid.uuid4().hex
        self._workers = 1
        self._clock = clock
        self._alone = LocalSlots(clock)
        self._lost_until = 0.0
        self._told = False

    def take(self, window: Quota, /) -> Slot:
        """Reserve the next slot."""
        names = ("slots", "pause", "number", "workers", "shut")
        arguments = (window.calls, window.seconds, window.distance, self._worker, WORKER_LIFE, MOST_SLOTS)
        answer = self._ask(TAKE, names, arguments)
        if answer is None:
            share = max(1, window.calls // self._workers)
            return self._alone.take(window._replace(calls=share))._replace(workers=self._workers)
        wait, number, used, workers, shut = answer
        self._workers = int(workers)
        slot = Slot(float(wait), int(number), int(used), int(workers), int(shut) / 1_000, shared=True)
        if slot.shut:
            return slot
        own = self._alone.take_after(slot.wait, window)
        return slot._replace(wait=max(slot.wait, own.wait), used=max(slot.used, own.used), shut=own.shut)

    def used(self, window: Quota, /) -> int:
        """Return how many slots are in the window that ends now, those of all workers."""
        answer = self._ask(USED, ("slots",), (window.calls, window.seconds))
        return self._alone.used(window) if answer is None else int(answer)

    def pause(self, seconds: float, /) -> None:
        """Start no slot for some seconds, on any worker."""
        self._alone.pause(seconds)
        self._ask(PAUSE, ("pause",), (seconds,))

    def paused(self) -> float:
        """Return the seconds until slots start again."""
        answer = self._ask(PAUSED, ("pause",), ())
        return self._alone.paused() if answer is None else float(answer)

    def shut(self, seconds: float, /) -> None:
        """Refuse slots for a long time, on all workers."""
        self._alone.shut(seconds)
        self._ask(SHUT, ("shut",), (max(1, int(seconds * 1_000)),))

    def _ask(self, script: str, names: tuple[str, ...], arguments: tuple[object, ...]) -> Any:
        """Run a script in the store.

        :return: its result; None if the store is not available.
        """
        from redis import RedisError  # noqa: PLC0415 - an extra

        if self._clock.monotonic() < self._lost_until:
            return None
        try:
            keys = [self._prefix + name for name in names]
            return self._scripts[script](keys, [str(each) for each in arguments])
        except RedisError as error:
            self._lost_until = self._clock.monotonic() + RETRY_AFTER
            if not self._told:
                self._told = True
                log.warning(
                    "The rate limit store is not available (%s): this worker continues with its share, "
                    "1 of %d, and tries the store again every %.0f seconds.",
                    type(error).__name__,
                    self._workers,
                    RETRY_AFTER,
                )
            return None


def _client(url: str) -> Redis:
    try:
        from redis import Redis  # noqa: PLC0415 - an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415 - same
        from redis.retry import Retry  # noqa: PLC0415 - same
    except ImportError as error:
        raise ConfigurationError(
            "rate_limit_store needs the Redis client: pip install 'airflow-provider-hubcontact[redis]'"
        ) from error
    try:
        return Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            decode_responses=True,
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        raise ConfigurationError(
            "rate_limit_store must be a URL like redis://host:6379/0, rediss:// for TLS"
        ) from None
