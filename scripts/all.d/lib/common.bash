# What the scripts in scripts/all.d have in common: a temporary folder, what is started and stopped, tools.
# Each sets `root` and sources this. `name` is what its messages begin with.
# shellcheck shell=bash disable=SC2034

readonly READY_SECONDS=60 STOP_SECONDS=20
name=scripts/all.d/$(basename "$0")
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/vitrine
tools=$cache/tools

say() {
    echo "$name: $*"
}

die() {
    say "$@" >&2
    exit 1
}

# shellcheck source=scripts/apt.bash
. "${root:?}/scripts/apt.bash"

# ---- processes: everything that is started here is stopped here, by its process group

started=()

# In a session of its own, so that it can be stopped together with what it starts itself.
start() { # log command...
    local log=$1
    shift
    setsid "$@" </dev/null >"$log" 2>&1 &
    last=$!
    started+=("$last")
}

group_runs() { # pid of its first process
    kill -0 -- "-$1" 2>/dev/null
}

stop() { # pid...
    local pid deadline=$((SECONDS + STOP_SECONDS))
    for pid in "$@"; do
        kill -TERM -- "-$pid" 2>/dev/null || true
    done
    for pid in "$@"; do
        while group_runs "$pid"; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                say "process $pid did not stop within $STOP_SECONDS s: killed" >&2
                kill -KILL -- "-$pid" 2>/dev/null || true
                break
            fi
            sleep 0.05
        done
        wait "$pid" 2>/dev/null || true
    done
}

# In the background and waited for, so that a signal to this script is heard at once.
run() { # command...
    local status=0
    setsid "$@" </dev/null &
    running=$!
    wait "$running" || status=$?
    running=
    return "$status"
}

# What else a script has to take down; it may define this.
take_down() { :; }

running=
finish() {
    local status=$?
    trap - EXIT
    [ -z "$running" ] || stop "$running"
    stop "${started[@]}"
    take_down
    rm -rf "$work"
    exit "$status"
}

work=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-$(basename "$0").XXXXXX")
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the program under test

# Sets `bin` to its whole path. Nothing from outside decides what is tested: neither settings nor a proxy.
need_program() { # path
    local setting
    [ -x "$1" ] || die "there is no program at $1: cargo build --release, or name one with --bin"
    bin=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
    for setting in "${!VITRINE_@}"; do unset "$setting"; done
    export no_proxy='*' NO_PROXY='*'
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a service answers that it is ready; its log is shown where it does not.
wait_ready() { # url pid log
    local deadline=$((SECONDS + READY_SECONDS))
    until python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1/readyz" 2>/dev/null; do
        if ! group_runs "$2" || [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 20 "$3" >&2
            die "the service at $1 is not ready after $READY_SECONDS s, or has stopped (its log is above)"
        fi
        sleep 0.2
    done
}

# ---- tools

need_python() {
    command -v python3 >/dev/null || apt_install python3 >&2 || true
    command -v python3 >/dev/null || die "no python3: apt-get install python3"
}

# Sets `venv` to a folder with exactly this package of PyPI and what it needs.
need_venv() { # package version
    need_python
    venv=$tools/$1-$2
    [ ! -f "$venv/complete" ] || return 0
    rm -rf "$venv"
    mkdir -p "$tools"
    if ! python3 -m venv "$venv" >"$work/venv.log" 2>&1; then
        apt_install python3-venv >&2 || true
        rm -rf "$venv"
        python3 -m venv "$venv" || die "Python makes no virtual environment: apt-get install python3-venv"
    fi
    say "installing $1 $2 into $venv (once)"
    run "$venv/bin/pip" install -q --disable-pip-version-check "$1==$2" || die "$1 $2 cannot be installed (see above)"
    : >"$venv/complete"
}
