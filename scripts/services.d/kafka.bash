# Apache Kafka for scripts/services, which sources this: Java, certificates, jars, the broker.
# shellcheck shell=bash disable=SC2154

# Sets `java`.
find_java() {
    local version
    java=${JAVA_HOME:+$JAVA_HOME/bin/}java
    command -v "$java" >/dev/null || return 1
    version=$("$java" -version 2>&1 </dev/null | sed -n 's/.* version "\([0-9]*\).*/\1/p')
    [ -n "$version" ] && [ "$version" -ge "$JAVA_OLDEST" ]
}

need_java() {
    find_java && return 0
    [ -z "${JAVA_HOME:-}" ] || die "no Java $JAVA_OLDEST or newer in JAVA_HOME, $JAVA_HOME: set it to one, or unset it"
    apt_install default-jre-headless >&2 || true
    find_java || die "no Java $JAVA_OLDEST or newer: apt-get install default-jre-headless"
}

# An authority, and what it has signed for 127.0.0.1: of both servers, whoever their processes belong to.
make_certificates() {
    local new=$dir/tls.new log=$dir/openssl.log
    [ ! -d "$dir/tls" ] || return 0
    command -v openssl >/dev/null || apt_install openssl >&2 || true
    command -v openssl >/dev/null || die "no openssl: apt-get install openssl"
    rm -rf "$new"
    mkdir "$new"
    if ! {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=vitrine tests" \
            -keyout "$new/ca.key" -out "$new/ca.pem" &&
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=127.0.0.1 \
                -keyout "$new/server.key" -out "$new/server.csr" &&
            openssl x509 -req -in "$new/server.csr" -CA "$new/ca.pem" -CAkey "$new/ca.key" -CAcreateserial -days 30 \
                -extfile <(printf 'subjectAltName=IP:127.0.0.1\n') -out "$new/server.pem"
    } </dev/null >"$log" 2>&1 9>&-; then
        tail -n 5 "$log" >&2
        die "no certificates can be made with openssl"
    fi
    cat "$new/server.key" "$new/server.pem" >"$new/broker.pem"
    mv "$new" "$dir/tls"
}

# Sets `version` and `jars`.
name_jars() {
    version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$pom")
    jars=$cache/kafka-$version-$(sha256sum "$pom" | cut -c 1-8)
}

# What gets the jars, where they are not there.
need_maven() {
    local version
    name_jars
    [ ! -d "$jars" ] || return 0
    command -v mvn >/dev/null || apt_install maven >&2 || true
    command -v mvn >/dev/null || die "no Maven, which gets Kafka's jars: apt-get install maven"
}

# Sets `jars`. The folder is made whole or not at all, and never changed: a broker may run from it.
need_jars() {
    local version codec log attempt got=
    name_jars
    [ ! -d "$jars" ] || return 0
    # What is half done goes whatever happens: `abandon` deletes it.
    trap abandon EXIT
    need_maven
    say "getting the jars of Kafka $version with Maven (once)"
    mkdir -p "$cache"
    new=$(mktemp -d "$cache/kafka.XXXXXX")
    log=$dir/maven.log
    cp "$pom" "$new/pom.xml"
    # A registry may answer the second time.
    for attempt in 1 2 3; do
        if timeout --foreground "$DOWNLOAD_SECONDS" mvn -B --strict-checksums -f "$new/pom.xml" \
            dependency:copy-dependencies "-DoutputDirectory=$new" -DincludeScope=runtime </dev/null >"$log" 2>&1 9>&-; then
            got=1
            break
        fi
        [ "$attempt" -eq 3 ] || sleep 5
    done
    if [ -z "$got" ]; then
        grep -m 1 -F '[ERROR]' "$log" >&2 || tail -n 5 "$log" >&2
        die "Maven cannot get Kafka's jars (see above): it needs the network, or a mirror in its settings.xml"
    fi
    # The codec gzip is Java's own.
    for codec in snappy-java lz4-java zstd-jni; do
        if ! compgen -G "$new/$codec-*.jar" >/dev/null; then
            die "$codec is not among Kafka's jars"
        fi
    done
    chmod 755 "$new"
    # Another one may have got them meanwhile.
    mv -T "$new" "$jars" 2>/dev/null || rm -rf "$new"
    new=
    [ -d "$jars" ] || die "$jars cannot be made"
}

kafka_java() { # option or class, arguments
    "$java" -Djava.awt.headless=true "-Dlog4j2.configurationFile=$here/services.d/log4j2.xml" -cp "$jars/*" "$@"
}

# A request for metadata (version 1, of no topics): the answer's first members are its length, the request's number,
# and the number of brokers, which is none until this one may be used.
kafka_answers() { # port
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf '\0\0\0\016\0\003\0\001\0\0\0\001\377\377\0\0\0\0' >&3
        [ "$(timeout 2 head -c 12 <&3 | od -An -v -tx1 -j 8 | tr -d ' \n')" = 00000001 ]
    ) 2>/dev/null
}

write_kafka_settings() { # port secure controller session
    local plain=PLAINTEXT://127.0.0.1:$1 secure=SASL_SSL://127.0.0.1:$2
    {
        cat "$here/services.d/kafka.properties"
        printf '\nlisteners=%s,%s,CONTROLLER://127.0.0.1:%d\n' "$plain" "$secure" "$3"
        printf 'advertised.listeners=%s,%s\n' "$plain" "$secure"
        printf 'controller.quorum.voters=1@127.0.0.1:%d\n' "$3"
        printf 'log.dirs=%s/kafka/data\n' "$dir"
        # On a busy machine a broker hears itself late, and loses all of its partitions for a moment. One that was
        # killed may not come back before its session is over.
        printf 'broker.session.timeout.ms=%d\n' "$4"
        printf 'ssl.keystore.location=%s/tls/broker.pem\n' "$dir"
        printf 'listener.name.sasl_ssl.plain.sasl.jaas.config=%s required user_%s="%s";\n' \
            org.apache.kafka.common.security.plain.PlainLoginModule "$SECURE_USER" "$SECURE_PASSWORD"
    } >"$dir/kafka/kafka.properties"
}

format_kafka() {
    local id
    [ ! -f "$dir/kafka/formatted" ] || return 0
    rm -rf "$dir/kafka/data"
    # 16 bytes in base 64, without signs: an argument must not begin with one.
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c 1-22)
    if ! kafka_java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC kafka.tools.StorageTool format -t "$id" \
        -c "$dir/kafka/kafka.properties" --add-scram "SCRAM-SHA-512=[name=$SECURE_USER,password=$SECURE_PASSWORD]" \
        </dev/null >"$dir/kafka/format.log" 2>&1 9>&-; then
        say "the broker's folder cannot be formatted:"
        tail -n 10 "$dir/kafka/format.log" >&2
        return 1
    fi
    : >"$dir/kafka/formatted"
}

start_kafka() {
    local port secure controller session options kept attempt deadline pid log=$dir/kafka/log
    runs kafka && return 0
    mkdir -p "$dir/kafka"
    kept=$(state kafka port || true)
    # Whoever starts it again does not know what the folder was made with.
    session=$(state kafka session || true)
    session=${session:-${VITRINE_SERVICES_KAFKA_SESSION_MS:-60000}}
    for ((attempt = 1; attempt <= PORT_ATTEMPTS; attempt++)); do
        port=${kept:-$(free_port)}
        secure=$(state kafka secure || true)
        controller=$(state kafka controller || true)
        if [ -z "$kept" ]; then
            secure=$(free_port)
            controller=$(free_port)
        fi
        write_kafka_settings "$port" "$secure" "$controller" "$session"
        format_kafka || return 1
        # One that is killed again and again starts sooner with a compiler that does less.
        options=(-Xms128m "-Xmx$KAFKA_HEAP")
        [ "$session" -ge 60000 ] || options+=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)
        # In a session of its own, it outlives this script, and what is sent to this script's group.
        setsid "$java" "${options[@]}" -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
            "-Dlog4j2.configurationFile=$here/services.d/log4j2.xml" -cp "$jars/*" \
            kafka.Kafka "$dir/kafka/kafka.properties" </dev/null >>"$log" 2>&1 9>&- &
        pid=$!
        remember kafka "port=$port" "secure=$secure" "controller=$controller" "session=$session" \
            "pid=$pid" "started=$(started_at "$pid" || true)"
        deadline=$((SECONDS + START_SECONDS))
        while runs kafka; do
            # Ours, and not another's on the same port: it still runs.
            if kafka_answers "$port" && runs kafka; then return 0; fi
            [ "$SECONDS" -lt "$deadline" ] || break
            sleep 0.1
        done
        stop_kafka KILL
    done
    say "the broker does not start on ports $port, $secure and $controller of 127.0.0.1; its log ends with"
    tail -n 10 "$log" >&2
    return 1
}

stop_kafka() { # TERM or KILL
    runs kafka || return 0
    send "$1" kafka
    gone_within "$STOP_SECONDS" kafka && return 0
    say "the broker did not stop within $STOP_SECONDS s: killed"
    send KILL kafka
    gone_within "$STOP_SECONDS" kafka
}

kafka_url() {
    printf 'kafka://127.0.0.1:%d' "$(state kafka port)"
}
