#!/usr/bin/env python3
"""The checks that keep the house as it was drawn; each prints what is wrong and where.

  check_all.py           all checks
  check_all.py --quick   without the ones that compile (headers, clang-tidy)
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_COLUMNS = 100
MAX_FILE_LINES = 700      # hard
USUAL_FILE_LINES = 400    # at most this share of the files may be longer:
MAX_LONG_SHARE = 0.05
MAX_FUNCTION_LINES = 70


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
                          *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [p for p in out.split("\n") if p and (ROOT / p).exists()]


def cpp_files():
    return tracked("*.h", "*.cc")


def check_layers():
    """docs/layers.txt lists what each part may include."""
    allowed = {}
    for line in (ROOT / "docs/layers.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            part, rest = line.split(":")
            allowed[part] = set(rest.split()) | {part}
    problems = []
    for path in cpp_files():
        pieces = path.removeprefix("src/").split("/")
        # A room that has a line of its own is held to that; what it includes is its part's.
        part = next((name for name in ("/".join(pieces[:2]), pieces[0]) if name in allowed), None)
        if not part:
            problems.append(f"{path}: the part '{pieces[0]}' is not in docs/layers.txt")
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.match(r'\s*#include "(([a-z_0-9]+)/[a-z_0-9]+/?)', line)
            if not match:
                continue
            room = match[1].rstrip("/")
            if match[2] in allowed and match[2] not in allowed[part] and room not in allowed[part]:
                problems.append(f"{path}:{number}: {part} may not include {match[2]}")
    return problems


# What may be used only behind a seam: pattern, the paths that may, why.
SEAMS = [
    (r"\b(std::chrono::(system|steady|high_resolution)_clock::now|clock_gettime|gettimeofday)",
     ("src/world/",), "time comes from world/clock.h"),
    (r"\b(std::random_device|std::mt19937|\brand\(|getrandom)", ("src/world/", "sim/"),
     "randomness comes from world/random.h"),
    (r"\b(std::[io]?fstream|fopen|::open\(|std::filesystem)", ("src/world/", "bench/", "tests/"),
     "files are reached through world/files.h"),
    (r"\b(fork\(|execv|posix_spawn|std::system\(|popen\()", ("src/world/", "tests/"),
     "processes are started through world/"),
    (r"#include <(curl|boost)/", ("src/http/",), "sockets live in http/"),
    (r'#include [<"]duckdb\.h', ("src/engine/", "bench/"), "DuckDB is known to engine/ only"),
]


def check_seams():
    problems = []
    for path in cpp_files():
        if path.endswith("_test.cc") or "/testing/" in path:
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            code = line.split("//")[0]
            for pattern, places, why in SEAMS:
                if re.search(pattern, code) and not path.startswith(places):
                    problems.append(f"{path}:{number}: {why}")
    return problems


def functions(text):
    """(first line, length) of each function body: a brace block at namespace or class level whose
    header ends in ')' or in what may follow it."""
    stripped = re.sub(r'R"(\w*)\((.|\n)*?\)\1"', lambda m: "\n" * m[0].count("\n"), text)
    stripped = re.sub(r'"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])\'', "0", stripped)
    stripped = re.sub(r"//[^\n]*", "", stripped)
    depth_kinds = []
    header = ""
    line = 1
    start = None
    for char in stripped:
        if char == "\n":
            line += 1
        if char == "{":
            inside = any(kind == "function" for kind in depth_kinds)
            plain = header.strip()
            is_function = not inside and re.search(
                r"\)\s*(const|noexcept|override|final|mutable|->[\w:<>&*\s]+|:[^;{}]*)*\s*$", plain)
            if is_function and not re.match(r"(class|struct|namespace|enum|union)\b", plain):
                depth_kinds.append("function")
                start = line
            else:
                depth_kinds.append("other")
            header = ""
        elif char == "}":
            if depth_kinds and depth_kinds.pop() == "function":
                yield start, line - start + 1
            header = ""
        elif char == ";":
            header = ""
        else:
            header += char


def check_sizes():
    problems = []
    long_files = []
    paths = cpp_files()
    for path in paths + tracked("*.py", "*.sh", "*.cmake"):
        text = (ROOT / path).read_text()
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and "#include" not in line and "http" not in line:
                problems.append(f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
        if len(lines) > MAX_FILE_LINES:
            problems.append(f"{path}: {len(lines)} lines, at most {MAX_FILE_LINES}")
        if len(lines) > USUAL_FILE_LINES:
            long_files.append(f"{path} ({len(lines)})")
        if path.endswith((".h", ".cc")):
            for start, length in functions(text):
                if length > MAX_FUNCTION_LINES:
                    problems.append(f"{path}:{start}: a function of {length} lines, "
                                    f"at most {MAX_FUNCTION_LINES}")
    if len(long_files) > MAX_LONG_SHARE * max(len(paths), 1):
        problems.append(f"{len(long_files)} of {len(paths)} files have more than "
                        f"{USUAL_FILE_LINES} lines: " + ", ".join(sorted(long_files)))
    return problems


def check_texts():
    """Headers are guarded; no address of a registry, no path of a machine, no conflict marker."""
    problems = []
    banned = re.compile(r"registry\.npm|deb\.debian\.org|/root/|/home/\w|<<<<<<< |>>>>>>> ")
    for path in tracked():
        if path == "tools/check_all.py" or path.endswith((".png", ".parquet")):
            continue
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if banned.search(line):
                problems.append(f"{path}:{number}: names a machine, a registry or a conflict")
        if path.endswith(".h") and "#pragma once" not in text:
            problems.append(f"{path}: no #pragma once")
        if path.endswith("package-lock.json") and '"resolved"' in text:
            problems.append(f"{path}: records download addresses")
    return problems


def check_skips():
    """What a test needs is installed, or it fails: none is skipped in silence."""
    return [f"{path}:{number}: skips a test"
            for path in tracked("tests/**/*.py", "tests/*.py")
            for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
            if re.search(r"unittest\.skip|skipTest|SkipTest", line)]


SCENARIOS = 43  # of the copy protocol


def check_protocol():
    """Every scenario of docs/design/copy-protocol.md has a test that is named after it."""
    tests = {}
    for path in tracked("sim/**/*_test.cc", "sim/*_test.cc"):
        for number in re.findall(r"TEST(?:_F)?\(Protocol, F(\d\d)_", (ROOT / path).read_text()):
            tests.setdefault(int(number), []).append(path)
    problems = [f"no test of the protocol's scenario F{n}: TEST(Protocol, F{n:02}_…) in sim/"
                for n in range(1, SCENARIOS + 1) if n not in tests]
    return problems + [f"{tests[n][0]}: there is no scenario F{n}"
                       for n in tests if not 1 <= n <= SCENARIOS]


def check_format():
    out = subprocess.run(["clang-format", "--dry-run", "--Werror", *cpp_files()], cwd=ROOT,
                         capture_output=True, text=True)
    files = sorted({line.split(":")[0] for line in out.stderr.splitlines() if "error:" in line})
    return [f"{path}: not formatted (make format)" for path in files]


def cached(kind, paths, command, describe):
    """Runs command(path) for each path whose text (with all headers') has not passed before."""
    headers = hashlib.sha256(b"".join((ROOT / p).read_bytes() for p in cpp_files()
                                      if p.endswith(".h"))).hexdigest()
    cache_file = ROOT / "build" / f"lint-{kind}.json"
    passed = set(json.loads(cache_file.read_text())) if cache_file.exists() else set()

    def key(path):
        return hashlib.sha256((headers + path).encode() + (ROOT / path).read_bytes()).hexdigest()

    def run(path):
        if key(path) in passed:
            return path, ""
        out = subprocess.run(command(path), cwd=ROOT, capture_output=True, text=True)
        return path, "" if out.returncode == 0 else describe(out.stdout + out.stderr)

    problems = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, problem in pool.map(run, paths):
            if problem:
                problems.append(f"{path}: {problem}")
            else:
                passed.add(key(path))
    cache_file.parent.mkdir(exist_ok=True)
    cache_file.write_text(json.dumps(sorted(passed)))
    return problems


def compile_flags():
    database = json.loads((ROOT / "build/compile_commands.json").read_text())
    for entry in database:
        if "kc_engine.dir/" in entry["command"]:  # also of a unity build
            words = entry["command"].split()
            flags = [w for w in words if w.startswith(("-I", "-D", "-std"))]
            for i, word in enumerate(words):
                if word == "-isystem":
                    flags += ["-isystem", words[i + 1]]
            return flags
    sys.exit("build/compile_commands.json doesn't say how src/engine is compiled")


def tidied_sources():
    return [p for p in cpp_files() if p.endswith(".cc") and p.startswith(("src/", "sim/"))
            and not p.endswith("_test.cc")
            # clang can't parse g++'s decimal128, which libgcc computes for these few.
            and "udf/decimal128.h" not in (ROOT / p).read_text()]


def first_includes(sources):
    """The headers that the first #include of one of these names."""
    found = set()
    for path in sources:
        first = re.search(r'^\s*#include\s+(["<][^">]+)', (ROOT / path).read_text(), re.M)
        if first and first[1].startswith('"'):
            for folder in ("src", ".", os.path.dirname(path)):
                candidate = os.path.normpath(os.path.join(folder, first[1][1:]))
                if (ROOT / candidate).exists():
                    found.add(candidate)
                    break
    return found


def check_headers():
    """Each header compiles alone. Those that a source includes first are left to check_tidy(),
    which parses that source without the precompiled header: it can't do so else."""
    flags = compile_flags()
    seen = first_includes(tidied_sources())
    headers = [p for p in cpp_files()
               if p.endswith(".h") and p != "src/base/pch.h" and p not in seen]
    return cached("headers", headers,
                  lambda path: ["g++", *flags, "-Isrc", "-I.", "-fsyntax-only", "-Wall", "-Wextra",
                                "-Wno-pragma-once-outside-header", "-x", "c++", path],
                  lambda out: "does not compile alone: " +
                  next((x for x in out.splitlines() if "error" in x), out[:200]))


def check_tidy():
    flags = compile_flags()
    return cached("tidy", tidied_sources(),
                  lambda path: ["clang-tidy", "--quiet", path, "--", "-std=c++20", "-Isrc", "-I.",
                                # This program is built with the bugs only.
                                *(["-DKC_SEEDED_BUGS"] if path == "sim/mutants_main.cc" else []),
                                *flags],
                  lambda out: "\n  ".join(x for x in out.splitlines()
                                          if "error:" in x or "warning:" in x) or out[-500:])


def check_configures():
    """Also without the tests, as tools/fuzz.sh and packagers do: nothing else in CI does so."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja",
                               "-DKC_BUILD_TESTS=OFF"], capture_output=True, text=True)
    return [done.stderr.strip()] if done.returncode else []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="the name of one check")
    args = parser.parse_args()
    checks = [check_layers, check_seams, check_sizes, check_texts, check_skips,
              check_protocol, check_format]
    if not args.quick:
        checks += [check_configures, check_headers, check_tidy]
    failed = 0
    for check in checks:
        name = check.__name__.replace("check_", "")
        if args.only and args.only != name:
            continue
        problems = check()
        for problem in problems:
            print(f"{name}: {problem}")
        failed += len(problems)
        print(f"lint {name}: {'ok' if not problems else f'{len(problems)} problems'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
