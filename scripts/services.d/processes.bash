# Processes and ports of scripts/services, and the folder that they live in. Sourced by it.
# shellcheck shell=bash disable=SC2154

state() { # service key
    local line
    [ -f "$dir/$1.state" ] || return 1
    while IFS= read -r line; do
        [ "${line%%=*}" != "$2" ] || printf '%s\n' "${line#*=}"
    done <"$dir/$1.state"
}

remember() { # service key=value...
    local file=$dir/$1.state
    shift
    printf '%s\n' "$@" >"$file.new"
    mv -f "$file.new" "$file"
}

# When a process started, in ticks since boot: with this a number names one process for good. A zombie is none.
started_at() { # pid
    local stat fields
    { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # What is before the last parenthesis is the command, which may contain anything.
    read -ra fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] || return 1
    printf '%s\n' "${fields[19]}"
}

# Prints the pid of a service that runs.
pid_of() { # service
    local pid started
    pid=$(state "$1" pid) && [ -n "$pid" ] || return 1
    started=$(started_at "$pid") || return 1
    [ "$started" = "$(state "$1" started)" ] || return 1
    printf '%s\n' "$pid"
}

runs() { # service
    pid_of "$1" >/dev/null
}

gone_within() { # seconds service
    local deadline=$((SECONDS + $1))
    while runs "$2"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

send() { # signal service
    local pid
    pid=$(pid_of "$2") || return 0
    kill "-$1" "$pid" 2>/dev/null || true
}

free_port() {
    local port
    while true; do
        port=$((FIRST_PORT + RANDOM % PORTS))
        is_open "$port" || break
    done
    printf '%s\n' "$port"
}

is_open() { # port
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

is_ours() {
    [ -d "$dir" ] && [ -O "$dir" ] && [ -f "$dir/vitrine-services" ]
}

make_folder() {
    if ! is_ours; then
        mkdir -p "$dir"
        [ -O "$dir" ] || die "$dir belongs to another user: set VITRINE_SERVICES_DIR to another folder"
        [ -z "$(ls -A "$dir")" ] || die "$dir has files of something else: set VITRINE_SERVICES_DIR to another folder"
        : >"$dir/vitrine-services"
    fi
    # PostgreSQL's user has to get in.
    chmod 755 "$dir"
}

# One command at a time. The lock is on the folder itself: it goes with it, and leaves nothing behind.
lock() {
    exec 9<"$dir"
    flock -w "$LOCK_SECONDS" 9 || die "another scripts/services is at work in $dir"
    # Whoever had the lock may have deleted the folder.
    [ "$dir" -ef /dev/fd/9 ] || return 1
}

lock_made() {
    local attempt
    for attempt in 1 2 3; do
        make_folder
        if lock; then return 0; fi
    done
    die "$dir is deleted by others again and again ($attempt times)"
}

lock_present() {
    if ! { is_ours && lock && is_ours; }; then
        die "not up: scripts/services up"
    fi
}
