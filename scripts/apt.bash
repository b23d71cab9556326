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
    as_root apt-get update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
