#!/bin/sh
# RabbitMQ with two accounts: the site's own, and `gpu` for GPU workers, who may be anywhere. That
# one reaches the doorbells of the gpu queues and nothing else: it may hear and acknowledge them,
# but sends nothing, and knows no other queue. The queues are there before anybody asks for them,
# since whoever makes a queue with dead letters must be allowed to send to every queue there is.
#   RABBITMQ_PASSWORD   the site's account (`ourvidz`)
#   BROKER_PASSWORD     the account `gpu`
# The site's BROKER_URL is then amqp://ourvidz:…@host/ourvidz, the workers' amqp://gpu:…@host/ourvidz.
set -eu
umask 077
: "${RABBITMQ_PASSWORD:?}" "${BROKER_PASSWORD:?}"
DATA=${RABBITMQ_DATA:-/var/lib/rabbitmq}
VHOST=${OURVIDZ_NAMESPACE:-ourvidz}
SERVER=$(command -v rabbitmq-server)

# Passwords as salted digests, in a file: anybody may read the arguments of a process.
bytes() { for pair in $(printf %s "$1" | sed 's/../& /g'); do printf "\\$(printf %03o "0x$pair")"; done; }
digest() {
	salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
	sum=$({ bytes "$salt"; printf %s "$1"; } | sha256sum | cut -d' ' -f1)
	bytes "$salt$sum" | base64
}
user() { printf '{"name":"%s","password_hash":"%s","hashing_algorithm":"rabbit_password_hashing_sha256","tags":""}' "$1" "$(digest "$2")"; }
may() { printf '{"user":"%s","vhost":"%s","configure":"%s","read":"%s","write":"%s"}' "$1" "$VHOST" "$2" "$3" "$4"; }
# As Dramatiq declares them: a queue, its delayed messages, its dead ones (kept for a week).
queue() {
	for name in "$1" "$1.DQ"; do
		printf '{"name":"%s","vhost":"%s","durable":true,"auto_delete":false,"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"%s.XQ"}},' "$name" "$VHOST" "$1"
	done
	printf '{"name":"%s.XQ","vhost":"%s","durable":true,"auto_delete":false,"arguments":{"x-message-ttl":604800000}}' "$1" "$VHOST"
}

mkdir -p "$DATA/ourvidz"
cat >"$DATA/ourvidz/definitions.json" <<END
{
  "vhosts": [{"name": "$VHOST"}],
  "users": [$(user ourvidz "$RABBITMQ_PASSWORD"), $(user gpu "$BROKER_PASSWORD")],
  "permissions": [
    $(may ourvidz '.*' '.*' '.*'),
    $(may gpu '^gpu[.](image|video)([.]DQ|[.]XQ)?$' '^gpu[.](image|video)([.]DQ)?$' '^$')
  ],
  "queues": [$(queue gpu.image), $(queue gpu.video)]
}
END
cat >"$DATA/ourvidz/rabbitmq.conf" <<END
listeners.tcp.default = ${RABBITMQ_PORT:-5672}
load_definitions = $DATA/ourvidz/definitions.json
log.console = true
END
export RABBITMQ_CONFIG_FILE="$DATA/ourvidz/rabbitmq.conf"

# As root only so long as the data may have to change its owner.
if [ "$(id -u)" = 0 ] && id -u rabbitmq >/dev/null 2>&1 && command -v setpriv >/dev/null; then
	chown -R rabbitmq: "$DATA"
	exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$SERVER"
fi
exec "$SERVER"
