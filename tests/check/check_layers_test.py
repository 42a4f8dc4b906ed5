#!/usr/bin/python3
"""tools/check-layers finds planted violations, and nothing in a tree that keeps the table."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-layers"
loader = importlib.machinery.SourceFileLoader("check_layers", str(TOOL))
check_layers = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_layers", loader))
loader.exec_module(check_layers)

CLEAN = {
    "base/ids.hpp": "#include <string>\n",
    "media/tag.hpp": '#include "base/ids.hpp"\n',
    "stream/log.cpp": '#include "media/tag.hpp"\n#include "stream/log.hpp"\n',
    "net/core/worker.hpp": '#include "plane/ports.hpp"\n#include <boost/asio/io_context.hpp>\n',
    "actors/agent.hpp": "#include <caf/all.hpp>\n",
    "actors/fd_transport.cpp": "#include <caf/io/network/default_multiplexer.hpp>\n",
    "actors/checked_scribe.cpp": "#include <caf/policy/tcp.hpp>\n",
    "plane/ports.hpp": '#include "base/ids.hpp"\n',
    "roles/bridge.cpp": '#include "actors/agent.hpp"\n#include "plane/ports.hpp"\n#include <caf/all.hpp>\n',
    "roles/relay.cpp": '#include "net/core/worker.hpp"\n',
    "main.cpp": '#include "roles/run.hpp"\n',
}


def check(extra):
    """Runs the tool over the clean tree with `extra` files added; returns (status, output)."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**CLEAN, **extra}.items():
            path = pathlib.Path(folder, "src", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), unittest.mock.patch.object(sys, "argv", [str(TOOL), "--root", folder]):
            return check_layers.main(), output.getvalue()


class CheckLayers(unittest.TestCase):
    def assert_found(self, name, text, *words):
        status, output = check({name: text})
        self.assertEqual(status, 1, output)
        for word in (name, *words):
            self.assertIn(word, output)

    def test_a_tree_that_keeps_the_table_passes(self):
        self.assertEqual(check({}), (0, "layers: as the table says\n"))

    def test_a_lower_layer_may_not_include_a_higher_one(self):
        self.assert_found("media/wrong.cpp", '\n#include "stream/log.hpp"\n', ":2:", "stream")

    def test_net_and_actors_may_not_include_each_other(self):
        self.assert_found("net/wrong.cpp", '#include "actors/agent.hpp"\n', "actors")
        self.assert_found("actors/wrong.hpp", '# include "net/core/worker.hpp"\n', "net")

    def test_pure_layers_may_not_include_caf_or_asio(self):
        for layer in ("media", "stream", "cluster", "plane"):
            self.assert_found(f"{layer}/wrong.hpp", "#include <caf/actor.hpp>\n", "CAF")
            self.assert_found(f"{layer}/wrong.hpp", "#include <boost/asio.hpp>\n", "Asio")
            self.assert_found(f"{layer}/wrong.hpp", "#include <boost/beast/http.hpp>\n", "Asio")

    def test_only_the_bridge_includes_caf_in_roles(self):
        self.assert_found("roles/wrong.cpp", "#include <caf/actor_system.hpp>\n", "roles/bridge")

    def test_no_source_sees_both_worlds_through_headers_either(self):
        for name in ("roles/wrong.cpp", "roles/bridge.cpp"):
            self.assert_found(name, '#include "actors/agent.hpp"\n#include "net/core/worker.hpp"\n',
                              "both", "actors/agent.hpp", "net/core/worker.hpp")

    def test_cafs_internals_stay_in_their_files(self):
        self.assert_found("actors/wrong.cpp", "#include <caf/io/basp_broker.hpp>\n", "fd_transport")
        self.assert_found("actors/wrong.cpp", "#include <caf/detail/parse.hpp>\n", "fd_transport")

    def test_a_folder_outside_the_table_is_named(self):
        self.assert_found("extra/wrong.cpp", "", "extra")

    def test_an_include_not_named_from_the_root_is_found(self):
        self.assert_found("media/wrong.cpp", '#include "tag.hpp"\n', "tag.hpp")


if __name__ == "__main__":
    unittest.main()
