"""A TCP proxy in front of a relay's trunk port that does to connections what networks do: holds bytes back, stops
moving them, or lets one side vanish without a word. A process of its own."""

import asyncio
import collections
import multiprocessing

from sluice_e2e.processes import die_with_parent

PASS, DELAY, STALL, HALF_OPEN = "pass", "delay", "stall", "half-open"
STEP = 0.01  # seconds between two looks at itself


class Side(asyncio.Protocol):
    """One of a connection's two sockets; `other` is the one its bytes go to."""

    def __init__(self, proxy):
        self.proxy, self.other, self.transport = proxy, None, None
        self._waiting = collections.deque()  # (when it may go on, bytes), in order
        self._due = 0.0
        self._timer = None
        self.over = False

    def connection_made(self, transport):
        self.transport = transport
        self.proxy.sides.add(self)

    def data_received(self, data):
        now = asyncio.get_running_loop().time()
        self._due = max(self._due, now + self.proxy.delay)
        self._waiting.append((self._due, data))
        self.move()

    def move(self):
        """Passes on what may go on by now."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting and self.proxy.moving and self.other and self.other.transport:
            due, data = self._waiting[0]
            if due > loop.time():
                self._timer = loop.call_at(due, self.move)
                return
            self._waiting.popleft()
            self.other.transport.write(data)
        if self.over and self.proxy.moving and self.other and self.other.transport:
            self.other.transport.close()

    def connection_lost(self, _error):
        self.proxy.sides.discard(self)
        self.transport = None
        self.over = True
        self.move()

    def reset(self):
        if self.transport:
            self.transport.abort()


class Front(Side):
    """The accepted side: connects onward."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self.other = Side(self.proxy)
        self.other.other = self
        asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self):
        while not self.proxy.moving:
            await asyncio.sleep(0.02)
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.other, *self.proxy.onward)
        except OSError:
            return self.reset()
        self.move()


class Proxy:
    """One listening port and its connections."""

    def __init__(self, listen, onward):
        self.listen, self.onward = listen, onward
        self.mode, self.delay = PASS, 0.0
        self.sides = set()

    @property
    def moving(self):
        return self.mode in (PASS, DELAY)

    def set(self, mode, delay):
        before, self.mode, self.delay = self.mode, mode, delay
        for side in list(self.sides):
            if before == HALF_OPEN:
                side.reset()
            else:
                side.move()


async def _serve(proxies, pipe):
    loop = asyncio.get_running_loop()
    for proxy in proxies.values():
        await loop.create_server(lambda p=proxy: Front(p), *proxy.listen)
    ended = loop.create_future()
    stood_still = 0.0  # seconds, the longest since it was asked for

    def look(due):
        nonlocal stood_still
        now = loop.time()
        stood_still = max(stood_still, now - due)
        loop.call_at(now + STEP, look, now + STEP)

    def command():
        nonlocal stood_still
        try:
            asked = pipe.recv()
        except EOFError:
            return ended.done() or ended.set_result(None)
        if asked:
            name, mode, delay = asked
            proxies[name].set(mode, delay)
        pipe.send(stood_still)
        stood_still = 0.0

    loop.add_reader(pipe.fileno(), command)
    look(loop.time())
    pipe.send(0.0)
    await ended


def _run(plan, pipe):
    die_with_parent()
    proxies = {name: Proxy(listen, onward) for name, (listen, onward) in plan.items()}
    asyncio.run(_serve(proxies, pipe))


class Proxies:
    """`plan`: {relay: ((address, port) to listen on, (address, port) to go on to)}."""

    def __init__(self, plan):
        self.names = list(plan)
        self._longest = 0.0
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=_run, args=(plan, other), daemon=True)
        self._process.start()
        other.close()
        self._pipe.recv()

    def set(self, name, mode, delay=0.0):
        self._pipe.send((name, mode, delay))
        self._longest = max(self._longest, self._pipe.recv())

    def stood_still(self):
        """Seconds, the longest since this was asked for: what came later than that is not the cluster's fault."""
        self._pipe.send(None)
        longest, self._longest = max(self._longest, self._pipe.recv()), 0.0
        return longest
