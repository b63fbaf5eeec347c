#!/usr/bin/env python3
"""A compiler launcher for unity builds: what doesn't compile together is compiled in halves.

  unity_compile.py <compiler> <arguments…>

Files of this project may use the same names in their anonymous namespaces. A unity source whose
files clash is split until they don't, and the objects are joined (ld -r): no list of exceptions
has to be kept, and an error that is left is one of a single file.
"""
import os
import re
import subprocess
import sys


def option(command, name):
    return command.index(name) + 1 if name in command else None


def compile_one(command, show):
    done = subprocess.run(command, capture_output=not show)
    return done.returncode


def compile_unity(command, files):
    """Compiles a source that includes these files; the object is where the command says."""
    source_at, out_at = option(command, "-c"), option(command, "-o")
    deps_at = option(command, "-MF")
    out = command[out_at]
    command = list(command)
    command[source_at] = f"{out}.{len(files)}.cxx"
    with open(command[source_at], "w") as source:
        source.writelines(f'#include "{path}"\n' for path in files)
    code = compile_one(command, show=len(files) == 1)
    if code == 0 or len(files) == 1:
        return code
    parts = []
    depends = ""
    for i, half in enumerate((files[:len(files) // 2], files[len(files) // 2:])):
        part = list(command)
        part[out_at] = f"{out}.{i}.o"
        if deps_at:
            part[deps_at] = f"{out}.{i}.d"
        code = compile_unity(part, half)
        if code:
            return code
        parts.append(part[out_at])
        if deps_at:
            with open(part[deps_at]) as text:
                depends += text.read()
            os.remove(part[deps_at])
    code = subprocess.run(["ld", "-r", "-o", out, *parts]).returncode
    for part in parts:
        os.remove(part)
    if deps_at:
        with open(command[deps_at], "w") as text:
            text.write(depends)
    return code


def main():
    command = sys.argv[1:]
    source_at = option(command, "-c")
    if not source_at or not re.search(r"/unity_\d+_cxx\.cxx$", command[source_at]):
        os.execvp(command[0], command)
    with open(command[source_at]) as source:
        files = re.findall(r'^#include "([^"]+)"', source.read(), re.M)
    sys.exit(compile_unity(command, files))


if __name__ == "__main__":
    main()
