"""Faults of a relay in use: its process, its cable, its connections."""

from .kind import Kind, bring_back


def absence(stage, short):
    """How long it stays away: mostly too short for its lease to notice, sometimes until the lease has expired."""
    return stage.rng.choice([short, short, 6.5])


class Kill(Kind):
    """kill -9 of a relay in use."""

    name = "relay killed"
    weight = 12

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()
        fault = stage.during(self.name, name, lambda _: stage.machines[name].process.kill(), behind,
                             hold=absence(stage, 1.2))
        stage.learn_list_time(fault)
        bring_back(stage, name)


class Restart(Kind):
    """SIGTERM of a relay in use, and started again at once."""

    name = "relay restarted"
    weight = 5

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()

        def restart(fault):
            stage.machines[name].process.stop()
            fault.serving = stage.serving_again(name, stage.machines.start(name))

        fault = stage.during(self.name, name, restart, behind, hold=2.0)
        stage.learn_list_time(fault)


class Freeze(Kind):
    """SIGSTOP of a relay in use, later SIGCONT."""

    name = "relay frozen"
    weight = 7

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()
        relay = stage.machines[name]
        relay.cut_off = True
        stage.during(self.name, name, lambda _: relay.process.freeze(), behind, hold=absence(stage, 2.0))
        relay.cut_off = False
        stage.during("relay thawed", name, lambda _: relay.process.thaw(), hold=1.2)


class Cable(Kind):
    """The cable of a relay in use is pulled, later put back."""

    name = "cable pulled"
    weight = 7

    def lacks(self, stage):
        return stage.network.lacks("cable")

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()
        relay = stage.machines[name]
        relay.cut_off = True
        stage.during(self.name, name, lambda _: stage.network.cable(name, False), behind, hold=absence(stage, 2.0))
        relay.cut_off = False
        stage.during("cable put back", name, lambda _: stage.network.cable(name, True), hold=1.5)


class Queue(Kind):
    """A queueing discipline on what a relay in use sends."""

    queue, words = "tbf", ()

    def lacks(self, stage):
        return stage.network.lacks(self.queue)

    def strike(self, stage):
        name, behind = stage.a_relay_in_use()
        stage.during(self.name, name, lambda _: stage.network.queue(name, self.queue, *self.words), behind, hold=3.0)
        stage.during(f"{self.name}, over", name, lambda _: stage.network.queue(name), hold=1.0)


class BurstLoss(Queue):
    """20 Mbit/s with a queue of two packets: what comes in bursts is cut."""

    name = "burst loss"
    weight = 2
    words = ("rate", "20mbit", "burst", "1600", "limit", "3200")


class LowRate(Queue):
    """300 kbit/s with a queue of four packets: less than the relay has to send."""

    name = "low rate"
    weight = 2
    words = ("rate", "300kbit", "burst", "1600", "limit", "6400")


class NetemLoss(Queue):
    """Each twentieth packet is lost."""

    name, queue = "netem loss 5 %", "netem"
    weight = 2
    words = ("loss", "5%")


class NetemJitter(Queue):
    """Packets take 10 to 70 ms."""

    name, queue = "netem jitter", "netem"
    weight = 2
    words = ("delay", "40ms", "30ms")


class Proxied(Kind):
    """Something a proxy does to all connections of a relay in use."""

    mode, delay, hold = "", 0.0, 2.0

    def strike(self, stage):
        name, behind = stage.a_relay_in_use(stage.proxies.names)
        stage.during(self.name, name, lambda _: stage.proxies.set(name, self.mode, self.delay), behind, hold=self.hold)
        stage.during(f"{self.name}, over", name, lambda _: stage.proxies.set(name, "pass"), hold=1.2)


class Delay(Proxied):
    """Every byte to and from the relay comes 150 ms later."""

    name, mode, delay = "connections delayed 150 ms", "delay", 0.15
    weight = 2


class Stall(Proxied):
    """Connections stay open and move nothing, later go on."""

    name, mode = "connections stalled", "stall"
    weight = 4


class HalfOpen(Proxied):
    """The relay dies and its peers are not told: their connections stay open, half."""

    name, mode = "connections half-open", "half-open"
    weight = 4

    def strike(self, stage):
        name, behind = stage.a_relay_in_use(stage.proxies.names)

        def vanish(_):
            stage.proxies.set(name, self.mode)
            stage.machines[name].process.kill()

        stage.during(self.name, name, vanish, behind, hold=self.hold)
        stage.proxies.set(name, "pass")
        bring_back(stage, name)


KINDS = (Kill(), Freeze(), Cable(), Restart(), BurstLoss(), LowRate(), NetemLoss(), NetemJitter(), Delay(), Stall(),
         HalfOpen())
