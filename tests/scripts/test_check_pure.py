# SPDX-License-Identifier: Apache-2.0
"""check-pure catches a clock, I/O, randomness and a library in the pure parts."""

import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PURE = "#include <string.h>\nunsigned long core_length(const char *s) { return strlen(s); }\n"


def archive(folder, name, source, *options):
    """Compiles one source into an archive of one member."""
    text = folder / f"{name}.c"
    text.write_text(source)
    subprocess.run(["cc", "-O1", *options, "-c", text, "-o", folder / f"{name}.o"], check=True)
    subprocess.run(["ar", "rc", folder / f"lib{name}.a", folder / f"{name}.o"], check=True)


def check(folder, core=PURE, codec=PURE, *options):
    archive(folder, "core", core, *options)
    archive(folder, "codec", codec)
    (folder / "monitor").mkdir(exist_ok=True)
    command = [TOP / "scripts/check-pure", folder, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout


def test_what_computes_on_memory_is_pure(tmp_path):
    assert check(tmp_path) == (0, "")


PLANTED = {
    "clock_gettime": "#include <time.h>\nlong f(void)"
    "{ struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec; }",
    "time": "#include <time.h>\nlong f(void) { return time(NULL); }",
    "gettimeofday": "#include <sys/time.h>\nlong f(void)"
    "{ struct timeval t; gettimeofday(&t, 0); return t.tv_sec; }",
    "random": "#include <stdlib.h>\nlong f(void) { return random(); }",
    "fopen": "#include <stdio.h>\nvoid *f(void) { return fopen(\"a\", \"r\"); }",
    "puts": "#include <stdio.h>\nint f(void) { return puts(\"a\"); }",
    "getenv": "#include <stdlib.h>\nchar *f(void) { return getenv(\"A\"); }",
    "socket": "#include <sys/socket.h>\nint f(void) { return socket(AF_INET, SOCK_STREAM, 0); }",
    "RAND_bytes": "int RAND_bytes(void *, int);\nint f(void *p) { return RAND_bytes(p, 3); }",
    "json_load_file": "void *json_load_file(void);\nvoid *f(void) { return json_load_file(); }",
}


@pytest.mark.parametrize("symbol", PLANTED)
@pytest.mark.parametrize("part", ("core", "codec"))
def test_each_impurity_is_named(tmp_path, part, symbol):
    code, output = check(tmp_path, **{part: PLANTED[symbol] + "\n"})
    assert code == 1
    assert output.startswith(f"lib{part}.a({part}.o): uses {symbol}, which is not"), output


JSON = "void *json_loads(const char *);\nvoid *f(void) { return json_loads(\"{}\"); }\n"


def test_a_codec_may_parse_json_but_the_core_may_not(tmp_path):
    assert check(tmp_path, codec=JSON) == (0, "")
    code, output = check(tmp_path, core=JSON)
    assert code == 1 and "uses json_loads" in output


def test_core_and_codec_may_call_each_other_and_nothing_of_the_shell(tmp_path):
    caller = "unsigned long {}_length(const char *);\n" \
             "unsigned long {}(void) {{ return {}_length(\"a\"); }}\n"
    assert check(tmp_path, codec=caller.format("core", "f", "core")) == (0, "")
    written = "unsigned long fence_length(const char *t) { return (unsigned long)t[0]; }\n"
    assert check(tmp_path, core=caller.format("fence", "g", "fence"), codec=written) == (0, "")
    code, output = check(tmp_path, core=caller.format("shell", "h", "shell"))
    assert code == 1 and "uses shell_length" in output


MEMORY_STREAM = """#include <stdio.h>
int f(char **t, size_t *n) { FILE *m = open_memstream(t, n); return fprintf(m, "%p", t); }
"""


def test_a_codec_may_write_to_memory_but_not_to_a_stream_it_was_given(tmp_path):
    given = '#include <stdio.h>\nint f(FILE *m) { return fprintf(m, "%p", (void *)m); }\n'
    assert check(tmp_path, codec=MEMORY_STREAM) == (0, "")
    code, output = check(tmp_path, codec=given)
    assert code == 1 and "uses fprintf" in output
    code, output = check(tmp_path, core=MEMORY_STREAM)
    assert code == 1 and "uses open_memstream" in output


def test_a_header_of_the_shell_is_found(tmp_path):
    (tmp_path / "monitor/core").mkdir(parents=True)
    (tmp_path / "monitor/core/a.c").write_text("#include <sqlite3.h>\n")
    code, output = check(tmp_path)
    assert code == 1 and output.startswith("monitor/core/a.c:1: includes sqlite3.h")


def test_an_instrumented_build_is_judged_by_a_plain_one(tmp_path):
    code, output = check(tmp_path, PURE, PURE, "-fsanitize=address")
    assert (code, output) == (0, "")


def test_nothing_built_is_an_error(tmp_path):
    command = [TOP / "scripts/check-pure", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and "run make first" in done.stderr
