# PostgreSQL for scripts/services, which sources this.
# shellcheck shell=bash disable=SC2154

# Packages of PostgreSQL start a cluster of their own, on its usual port, unless told not to.
install_postgres() {
    local settings=/etc/postgresql-common/createcluster.conf
    apt_install postgresql-common || return 1
    as_root cp -p "$settings" "$settings.vitrine" || return 1
    as_root sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' "$settings"
    apt_install postgresql || true
    as_root mv -f "$settings.vitrine" "$settings"
}

# Sets `pg` to the folder with the newest server's programs.
find_postgres() {
    local folder version newest=0
    for folder in /usr/lib/postgresql/*/bin; do
        version=${folder%/bin}
        version=${version##*/}
        if [[ $version =~ ^[0-9]+$ ]] && [ "$version" -ge "$POSTGRES_OLDEST" ] && [ "$version" -gt "$newest" ] &&
            [ -x "$folder/initdb" ] && [ -x "$folder/pg_basebackup" ] && [ -x "$folder/psql" ]; then
            newest=$version
            pg=$folder
        fi
    done
    [ "$newest" -gt 0 ]
}

need_postgres() {
    if ! find_postgres; then
        install_postgres >&2 || true
        find_postgres || die "no PostgreSQL $POSTGRES_OLDEST or newer in /usr/lib/postgresql: apt-get install postgresql"
    fi
    # For the tests of a pooler in between, which start it themselves.
    PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null || apt_install_stopped pgbouncer >&2 || true
    if [ "$(id -u)" -eq 0 ]; then
        id postgres >/dev/null 2>&1 || die "no user postgres, which PostgreSQL is to run as: apt-get install postgresql"
        command -v setpriv >/dev/null || die "no setpriv: apt-get install util-linux"
    fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

sql() { # port query
    PGCONNECT_TIMEOUT=10 "$pg/psql" -h 127.0.0.1 -p "$1" -U vitrine -d postgres -X -q -A -t -v ON_ERROR_STOP=1 \
        -c "$2" </dev/null
}

# A data folder belongs to PostgreSQL's user; it gets its name once it is whole.
new_data() { # service
    rm -rf "${dir:?}/$1"
    mkdir "$dir/$1"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$dir/$1"
    as_postgres test -w "$dir/$1" ||
        die "the user postgres cannot get into $dir: set VITRINE_SERVICES_DIR to a folder that it can"
}

# What differs between a server and its standby. The port is given at start.
add_settings() { # service
    local socket=$dir/$1
    [ ${#socket} -le "$MAX_SOCKET_FOLDER" ] || socket=
    as_postgres tee -a "$dir/$1/new/postgresql.conf" >/dev/null <<SETTINGS

listen_addresses = '127.0.0.1'
unix_socket_directories = '$socket'
SETTINGS
}

init_postgres() {
    new_data postgres
    if ! as_postgres "$pg/initdb" -D "$dir/postgres/new" -U vitrine -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync \
        --no-instructions </dev/null >"$dir/initdb.log" 2>&1 9>&-; then
        tail -n 20 "$dir/initdb.log" >&2
        return 1
    fi
    as_postgres tee -a "$dir/postgres/new/postgresql.conf" <"$here/services.d/postgresql.conf" >/dev/null
    add_settings postgres
    # Where PostgreSQL looks for them; it takes no key that others may read.
    as_postgres tee "$dir/postgres/new/server.crt" <"$dir/tls/server.pem" >/dev/null
    (umask 077 && as_postgres tee "$dir/postgres/new/server.key" <"$dir/tls/server.key" >/dev/null)
    as_postgres mv "$dir/postgres/new" "$dir/postgres/data"
}

# Whether a server that has started answers: on a busy machine the first connections may take seconds.
answers() { # port
    local since=$SECONDS
    until sql "$1" 'select 1' >/dev/null; do
        [ $((SECONDS - since)) -lt "$START_SECONDS" ] || return 1
        sleep 1
    done
}

# Starts a server whose data is there: with its port, or on a free one the first time.
start_server() { # service
    local service=$1 data=$dir/$1/data log=$dir/$1/log port kept attempt pid
    kept=$(state "$service" port || true)
    for ((attempt = 1; attempt <= PORT_ATTEMPTS; attempt++)); do
        port=${kept:-$(free_port)}
        if as_postgres "$pg/pg_ctl" start -D "$data" -l "$log" -w -t "$START_SECONDS" -s -o "-c port=$port" \
            </dev/null >"$dir/pg_ctl.log" 2>&1 9>&-; then
            pid=$(as_postgres head -n 1 "$data/postmaster.pid")
            remember "$service" "port=$port" "pid=$pid" "started=$(started_at "$pid")"
            answers "$port" && return 0
        fi
        # Processes of a server that was killed need a moment to go; or the port was taken meanwhile.
        sleep 1
    done
    say "the server of $service does not start on port $port of 127.0.0.1; its log ends with"
    tail -n 10 "$log" >&2
    return 1
}

start_postgres() {
    local port
    runs postgres && return 0
    if [ ! -d "$dir/postgres/data" ]; then
        init_postgres || return 1
    fi
    start_server postgres || return 1
    port=$(state postgres port)
    if [ -z "$(sql "$port" "select 1 from pg_database where datname = 'vitrine'")" ]; then
        sql "$port" 'create database vitrine' || return 1
    fi
}

stop_server() { # service mode
    runs "$1" || return 0
    as_postgres "$pg/pg_ctl" stop -D "$dir/$1/data" -m "$2" -w -t "$STOP_SECONDS" -s </dev/null >&2 || true
    gone_within 1 "$1" && return 0
    say "the server of $1 did not stop within $STOP_SECONDS s: killed"
    send KILL "$1"
    gone_within "$STOP_SECONDS" "$1"
}

start_replica() {
    local port
    runs replica && return 0
    if [ ! -d "$dir/replica/data" ]; then
        port=$(state postgres port)
        new_data replica
        if ! as_postgres "$pg/pg_basebackup" -h 127.0.0.1 -p "$port" -U vitrine -D "$dir/replica/new" -R -X stream \
            --checkpoint=fast --no-sync </dev/null >&2 9>&-; then
            say "the standby cannot be copied from PostgreSQL on port $port"
            return 1
        fi
        add_settings replica
        as_postgres mv "$dir/replica/new" "$dir/replica/data"
    fi
    start_server replica || return 1
    [ "$(sql "$(state replica port)" 'select pg_is_in_recovery()')" = t ]
}

postgres_url() { # service
    printf 'postgres://vitrine@127.0.0.1:%d/vitrine' "$(state "$1" port)"
}
