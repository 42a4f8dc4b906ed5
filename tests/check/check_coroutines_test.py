#!/usr/bin/python3
"""tools/check-coroutines finds each planted misuse of co_await, and nothing in what is right."""

import importlib.machinery
import importlib.util
import pathlib
import unittest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-coroutines"
loader = importlib.machinery.SourceFileLoader("check_coroutines", str(TOOL))
check_coroutines = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_coroutines", loader))
loader.exec_module(check_coroutines)

WRONG = {  # a word of the message -> statements
    "'&&'": ["if (open && co_await read()) go();", "bool ok = co_await read() && open;",
             "return open && f(co_await read());", "bool ok = f(co_await read()) && open;",
             "while (a) { x = b && (co_await read()); }", "if (auto n = co_await read(); co_await f() && n) go();"],
    "'||'": ["bool ok = co_await read() || open;", "f(1, open || co_await read());"],
    "'?'": ["auto n = open ? co_await read() : 0;", "auto n = co_await read() ? 1 : 0;",
            "f(open ? 0 : co_await read(), 2);"],
    "'while'": ["while (co_await read()) go();", "do { go(); } while (co_await read());",
                "while (!f(co_await read())) {}"],
    "'for'": ["for (auto one : co_await all()) go(one);", "for (; co_await read();) go();"],
    "aggregate": ["co_await send({1, name});", "co_await send(message{name});",
                  "auto x = co_await send(peer, std::vector<int>{1, 2});", "co_await send([&] { f(); }, {name});"],
    "closure": ["co_await ask([name] { f(); });", "co_await ask([=] { f(); });", "co_await ask([&, n] { f(); });",
                "co_await ask([n = std::move(n)](auto done) mutable { f(); });",
                "co_await ask([self = shared_from_this(), this] { f(); });"],
}

RIGHT = [
    "bool more = co_await read();", "co_await read(); if (a && b) go();", "if (a && b) co_await read();",
    "if (co_await read()) return a && b;", "if (co_await read()) { go(a ? b : c); }",
    "if (auto ok = co_await read(); !ok) co_return ok.error();", "while (a && b) { co_await read(); }",
    "for (bool more = a || b; more;) more = co_await read();",
    "auto which = co_await (read() || timer.async_wait(token));", "auto&& got = co_await read();",
    "co_await send(a && b, c ? d : e);", "co_return co_await send(co_await read(), a && b);",
    "f(a && b, co_await read());", "auto x = co_await ask<reply>([&](auto done) { f({1, 2}); g([x] {}); });",
    "co_await ask([this, &n] { return a && b; });", "co_await ask([] {});", "co_await ask([*this] {});",
    "auto f = [x](T&& y) -> awaitable<void> { co_await read(); };", "x = y[co_await read()];",
    "co_await send(list[0], f()); std::vector<int> v{1, 2};",
    '// if (a && co_await b)\n/* co_await f({}) */ auto s = "a && co_await f({1})"; char c = \'?\';',
    "#define both a && co_await b\nint n = 1'000;", 'auto s = R"x(a && co_await b)x";',
]


class CheckCoroutines(unittest.TestCase):
    def found(self, statement):
        return list(check_coroutines.violations_in(f"task f() {{\n  go();\n  {statement}\n  go();\n}}\n"))

    def test_each_misuse_is_found_at_its_line(self):
        for word, statements in WRONG.items():
            for statement in statements:
                with self.subTest(statement):
                    found = self.found(statement)
                    self.assertEqual([line for line, _ in found], [3], found)
                    self.assertIn(word, found[0][1])

    def test_what_is_right_passes(self):
        for statement in RIGHT:
            with self.subTest(statement):
                self.assertEqual(self.found(statement), [])

    def test_lines_are_counted_through_comments_and_directives(self):
        self.assertEqual([line for line, _ in self.found("/*\n*/\n#if A\n\n#endif\nco_await send({});")], [8])

    def test_a_folder_without_sources_is_no_success(self):
        self.assertTrue(list(check_coroutines.violations(TOOL.parent / "lib")))


if __name__ == "__main__":
    unittest.main()
