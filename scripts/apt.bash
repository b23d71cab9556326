# shellcheck shell=bash
# For scripts to source: packages from the distribution.

# As root, or with sudo; where nobody can be asked for a password, only if sudo needs none.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        return 1
    elif [ -t 1 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_install() { # package...
    command -v apt-get >/dev/null || return 1
    echo "installing $* with apt-get"
    # A new machine may be about to upgrade itself, and holds the lock meanwhile; a mirror may answer the second time.
    local patient=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    as_root apt-get "${patient[@]}" update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${patient[@]}" install -y -qq --no-install-recommends "$@" >/dev/null
}

# Packages of servers that are not to run: their installation starts none, and no start of the machine does.
apt_install_stopped() { # package...
    local policy=/usr/sbin/policy-rc.d ours='' status=0 package
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || return 1
        ours=1
        as_root chmod 755 "$policy" || status=1
    fi
    [ "$status" -ne 0 ] || apt_install "$@" || status=1
    [ -z "$ours" ] || as_root rm -f "$policy"
    if command -v systemctl >/dev/null; then
        for package in "$@"; do
            as_root systemctl disable "$package" >/dev/null 2>&1 || true
        done
    fi
    return "$status"
}
