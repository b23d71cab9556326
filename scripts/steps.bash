# shellcheck shell=bash
# For scripts to source: steps with their times, one after the other and beside one another, and a summary.
# A caller says `set -m`, so that each step has a process group of its own, calls `begin_steps` first and `stop_steps` at
# its end.

readonly STEP_STOP_SECONDS=30 FAILED_LINES=15

passed=0
failed=()
failed_beside=()
unchecked=()
left_out=()
step_times=()
step_logs=

# The step in the foreground, and those beside it: process groups, with their names and when they began.
running=
declare -A beside=() begun=()

begin_steps() {
    step_logs=$(mktemp -d "${TMPDIR:-/tmp}/vitrine-steps.XXXXXX")
}

# Returns once nothing runs that a step has started, so that what they work with can go.
stop_steps() {
    local group deadline=$((SECONDS + STEP_STOP_SECONDS))
    for group in $running "${!beside[@]}"; do
        kill -TERM -- "-$group" 2>/dev/null || true
    done
    for group in $running "${!beside[@]}"; do
        while kill -0 -- "-$group" 2>/dev/null; do
            if [ "$SECONDS" -ge "$deadline" ]; then
                kill -KILL -- "-$group" 2>/dev/null || true
                break
            fi
            sleep 0.1
        done
        wait "$group" 2>/dev/null || true
    done
    [ -z "$step_logs" ] || rm -rf "$step_logs"
}

run() {
    local status=0
    "$@" </dev/null &
    running=$!
    wait "$running" || status=$?
    running=
    return "$status"
}

step_is_over() { # name status seconds
    local name=$1 status=$2 seconds=$3 how=passed
    if [ "$status" -eq 0 ]; then
        passed=$((passed + 1))
        printf -- '--- %s: passed in %d s\n' "$name" "$seconds"
    else
        how=FAILED
        failed+=("$name")
        printf -- '--- %s: FAILED after %d s\n' "$name" "$seconds"
    fi
    step_times+=("$(printf '%6d s  %s: %s' "$seconds" "$name" "$how")")
}

step() { # name command...
    local name=$1 start=$SECONDS status=0
    shift
    printf '\n=== %s: %s\n' "$name" "$*"
    run "$@" || status=$?
    step_is_over "$name" "$status" $((SECONDS - start))
}

# Runs a command, and writes when it ended.
timed() { # command...
    local status=0
    "$@" 3>&- || status=$?
    echo "$SECONDS" >&3
    return "$status"
}

# Begins a step, and goes on. What it prints comes once it is over.
step_beside() { # name command...
    local name=$1
    shift
    timed "$@" </dev/null >"$step_logs/$name" 2>&1 3>"$step_logs/$name.end" &
    beside[$!]=$name
    begun[$!]=$SECONDS
    printf '\n=== %s, beside what follows: %s\n' "$name" "$*"
}

# Waits for the steps beside of these names, or for all.
# shellcheck disable=SC2120
await_beside() { # name...
    local group name status ended
    while [ ${#beside[@]} -gt 0 ]; do
        if [ $# -gt 0 ]; then
            is_beside "$@" || return 0
        fi
        status=0
        wait -n -p group "${!beside[@]}" || status=$?
        name=${beside[$group]}
        unset "beside[$group]"
        printf '\n=== %s\n' "$name"
        cat "$step_logs/$name"
        [ "$status" -eq 0 ] || failed_beside+=("$name")
        read -r ended <"$step_logs/$name.end" || ended=$SECONDS
        step_is_over "$name" "$status" $((ended - begun[$group]))
    done
}

is_beside() { # name...
    local name other
    for name in "$@"; do
        for other in "${beside[@]}"; do
            [ "$name" != "$other" ] || return 0
        done
    done
    return 1
}

not_checked() { # name reason
    unchecked+=("$1 ($2)")
    printf '\n!!! %s NOT CHECKED: %s\n' "$1" "$2"
}

# For what another mode of the same script does.
leave_out() { # name...
    left_out+=("$@")
}

join() {
    local all
    all=$(printf '%s, ' "$@")
    printf '%s' "${all%, }"
}

# Prints what steps that failed beside others printed last, the times of all steps and one line about them; the status is
# 0 if none failed.
summarize() { # who
    local name summary="$passed steps passed in $SECONDS s"
    for name in ${failed_beside[@]+"${failed_beside[@]}"}; do
        printf '\n%s FAILED; the last of what it printed, which stands whole above:\n' "$name"
        grep -E 'FAILED|^[Ee]rror|panicked' "$step_logs/$name" | tail -n "$FAILED_LINES" || true
        tail -n "$FAILED_LINES" "$step_logs/$name"
    done
    printf '\nThe steps, as they were reported:\n'
    printf '%s\n' "${step_times[@]}"
    [ ${#failed[@]} -eq 0 ] || summary="FAILED: $(join "${failed[@]}"); $summary"
    [ ${#unchecked[@]} -eq 0 ] || summary="$summary; NOT CHECKED: $(join "${unchecked[@]}")"
    [ ${#left_out[@]} -eq 0 ] || summary="$summary; left out: $(join "${left_out[@]}")"
    printf '\n%s: %s\n' "$1" "$summary"
    [ ${#failed[@]} -eq 0 ]
}
