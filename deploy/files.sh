#!/bin/sh
# The object store, with the one account that the site signs with.
set -eu
umask 077
cat > /tmp/s3.json <<EOF
{"identities": [{
  "name": "ourvidz",
  "credentials": [{"accessKey": "ourvidz", "secretKey": "$S3_SECRET_ACCESS_KEY"}],
  "actions": ["Admin:ourvidz", "Read:ourvidz", "Write:ourvidz", "List:ourvidz", "Tagging:ourvidz"]
}]}
EOF
# The bucket is made as soon as the store answers.
(
	until echo "s3.bucket.create -name ourvidz" | weed shell >/dev/null 2>&1; do sleep 2; done
) &
exec weed server -dir=/data -s3 -s3.config=/tmp/s3.json -s3.port=8333
