"""What every kind of fault has."""


class Kind:
    """`lacks(stage)` says why it cannot be run here, "" if it can. `strike(stage)` does it once, from a calm cluster to
    a whole one."""

    name = ""
    weight = 1  # how often it comes up, next to the others

    def lacks(self, stage):
        return ""

    def strike(self, stage):
        raise NotImplementedError


def bring_back(stage, name, kind="relay returned"):
    """Starts a relay again and watches what that does to the viewers."""
    def start(fault):
        fault.serving = stage.serving_again(name, stage.machines.start(name))

    fault = stage.during(kind, name, start, hold=1.5)
    stage.learn_list_time(fault)
