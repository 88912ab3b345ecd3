#!/bin/sh
# Envoy before two providers, of whom one answers: the one that routes.yaml beside this script says, which Envoy reads again by itself when that file
# is replaced. It never changes over otherwise.
#
#   envoy.sh PORT          a drill does, with PRIMARY, PRIMARY_KEY, STANDBY and STANDBY_KEY in its environment; ENVOY names the program
set -eu
port=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=${TMPDIR:-/tmp}/lifeboat-envoy-$port
rm -rf "$folder"
mkdir -m 700 "$folder"
provider() { # NAME URL KEY
  address=$(echo "$2" | sed 's|^http://||; s|/.*||')
  cat <<CLUSTER
  - name: $1
    connect_timeout: 2s
    load_assignment:
      cluster_name: $1
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: "${address%:*}", port_value: ${address##*:}}}}}]}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http_protocol_options: {}}
        http_filters:
        - name: key
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation
            mutations: {request_mutations: [{append: {header: {key: authorization, value: "Bearer $3"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}}]}
        - {name: codec, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec}}
CLUSTER
}
cat > "$folder/envoy.yaml" <<CONF
node: {id: switch, cluster: switch}
static_resources:
  listeners:
  - name: users
    address: {socket_address: {address: 127.0.0.1, port_value: $port}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: users
          rds:
            route_config_name: users
            config_source: {path_config_source: {path: "$here/routes.yaml", watched_directory: {path: "$here"}}}
          http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
  clusters:
$(provider primary "$PRIMARY" "$PRIMARY_KEY")
$(provider standby "$STANDBY" "$STANDBY_KEY")
CONF
"${ENVOY:-envoy}" -c "$folder/envoy.yaml" --log-level warn --concurrency 1 --disable-hot-restart &
child=$!
trap 'kill "$child" 2>/dev/null || true; wait "$child" || true; rm -rf "$folder"; exit 0' TERM INT
wait "$child" || true
rm -rf "$folder"
