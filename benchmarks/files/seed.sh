#!/bin/bash
# Starts, beside the lab's server, what the lab's old page says (start), or ends it and removes its database (stop):
#
#   mlflow server --backend-store-uri postgresql://… --host 0.0.0.0 --default-artifact-root s3://…
#
# It is the same MLflow in the same virtual environment, but for uvloop and httptools, which that page does not install;
# and the same PostgreSQL. No log-in, no TLS. Two things it would not start or answer without: the driver is named, and
# the host is allowed. The S3 keys come from the lab's server.
set -euo pipefail
umask 077

stop() {
  systemctl stop seed.service 2>/dev/null || true  # there may be none yet
  nft -a list chain inet mlflow_lab input | sed -n 's/.*tcp dport 5000 accept.* handle //p' |
    xargs --no-run-if-empty -n1 nft delete rule inet mlflow_lab input handle
  sed -i '/^host seed /d' /etc/postgresql/*/main/pg_hba.conf
  runuser -u postgres -- psql --quiet <<< 'DROP DATABASE IF EXISTS seed; DROP ROLE IF EXISTS seed'
}

stop 2>/dev/null
if [[ $1 == stop ]]; then exit; fi

password=$(openssl rand -hex 16)
runuser -u postgres -- psql --quiet --set=ON_ERROR_STOP=1 <<< "
  CREATE ROLE seed LOGIN PASSWORD '$password';
  CREATE DATABASE seed OWNER seed"
sed -i '1i host seed seed localhost scram-sha-256' /etc/postgresql/*/main/pg_hba.conf
runuser -u postgres -- psql --quiet --output=/dev/null <<< 'SELECT pg_reload_conf()'
nft insert rule inet mlflow_lab input tcp dport 5000 accept
bucket=$(sed -n -E 's|^MLFLOW_ARTIFACTS_DESTINATION="(s3://[^/"]+)"$|\1|p' /etc/mlflow/mlflow.env)
venv=$(systemctl show -P ExecStart mlflow.service | grep -o '/opt/mlflow/[^/ ]*/bin' | head -n 1)
systemd-run --quiet --unit=seed --property=User=mlflow --property=EnvironmentFile=/etc/mlflow/mlflow.env \
  --property=RuntimeDirectory=seed --working-directory=/run/seed /usr/bin/env \
  -u MLFLOW_AUTH_CONFIG_PATH -u MLFLOW_SERVE_ARTIFACTS -u MLFLOW_ARTIFACTS_DESTINATION -u MLFLOW_DEFAULT_ARTIFACT_ROOT \
  -u MLFLOW_ENABLE_WORKSPACES -u MLFLOW_SERVER_ENABLE_JOB_EXECUTION -u MLFLOW_SERVER_ALLOWED_HOSTS \
  -u MLFLOW_SERVER_CORS_ALLOWED_ORIGINS -u MLFLOW_SQLALCHEMYSTORE_POOL_SIZE -u MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW \
  -u MLFLOW_BACKEND_STORE_URI -u PGPASSWORD \
  "$venv/mlflow" server --backend-store-uri "postgresql+psycopg2://seed:$password@localhost:5432/seed" \
  --host 0.0.0.0 --default-artifact-root "$bucket/seed" --allowed-hosts '*' --uvicorn-opts '--loop asyncio --http h11'
curl --silent --fail --output /dev/null --retry 90 --retry-delay 1 --retry-all-errors http://localhost:5000/health
sleep 30  # its jobs' eight processes are still starting
