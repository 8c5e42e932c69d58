#!/bin/sh
# Redis (or Valkey) with two accounts: the server's own, and `gpu` for GPU workers, who may be
# anywhere. That one reaches the doorbells of the gpu queues and nothing else: not the queue
# `control`, no progress, no sessions, no cache, and no list of what there is.
#   REDIS_PASSWORD   the server's account (`default`)
#   BROKER_PASSWORD  the account `gpu`
set -eu
umask 077
: "${REDIS_PASSWORD:?}" "${BROKER_PASSWORD:?}"
DATA=${REDIS_DATA:-/data}
BELLS=${OURVIDZ_NAMESPACE:-ourvidz}:dramatiq
SERVER=$(command -v valkey-server || command -v redis-server)

digest() { printf %s "$1" | sha256sum | cut -d' ' -f1; }

# Passwords as digests, in a file: anybody may read the arguments of a process.
CONF=$(mktemp)
cat >"$CONF" <<EOF
port ${REDIS_PORT:-6379}
bind * -::*
dir $DATA
appendonly yes
appendfsync everysec
user default on #$(digest "$REDIS_PASSWORD") ~* &* +@all
user gpu on #$(digest "$BROKER_PASSWORD") resetchannels &$BELLS:bells resetkeys ~$BELLS ~$BELLS:__heartbeats__ ~$BELLS:__acks__.*.gpu.* ~$BELLS:gpu.* -@all +ping +select +subscribe +unsubscribe +evalsha +script|load +client|setinfo +client|setname +zadd +lpop +rpush +sadd +srem +hget +hset +hmget +hdel +hexists
EOF

# As root only so long as the data may have to change its owner.
OWNER=$(for name in valkey redis; do id -u "$name" >/dev/null 2>&1 && echo "$name"; done | head -n 1)
if [ "$(id -u)" = 0 ] && [ -n "$OWNER" ] && command -v setpriv >/dev/null; then
	chown -R "$OWNER:" "$DATA" "$CONF"
	exec setpriv --reuid="$OWNER" --regid="$OWNER" --init-groups "$SERVER" "$CONF"
fi
exec "$SERVER" "$CONF"
