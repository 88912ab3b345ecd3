#!/bin/sh
# Envoy before two providers, the second of lower priority: what fails is asked again of the second, also after a 401 or a 429, and three
# failures in a row put the first aside.
set -eu
port=$1
place() { # NAME URL KEY: a listener on a socket that adds the provider's key
  address=$(echo "$2" | sed 's|^http://||; s|/.*||')
  cat <<PLACE
  - name: $1
    address: {pipe: {path: $FOLDER/$1.sock}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: $1
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: $1, timeout: 0s}
                request_headers_to_add:
                - {header: {key: authorization, value: "Bearer $3"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}
          http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
PLACE
  cat >> "$FOLDER/clusters" <<CLUSTER
  - name: $1
    connect_timeout: 5s
    load_assignment:
      cluster_name: $1
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: "${address%:*}", port_value: ${address##*:}}}}}]}]
CLUSTER
}
: > "$FOLDER/clusters"
cat > "$FOLDER/envoy.yaml" <<CONF
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
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {path: /ready}
                direct_response: {status: 200}
              - match: {prefix: /}
                route:
                  cluster: providers
                  timeout: 0s
                  retry_policy:
                    retry_on: 5xx,reset,connect-failure,retriable-status-codes
                    retriable_status_codes: [401, 429]
                    num_retries: 1
                    per_try_idle_timeout: 0.7s
                    retry_priority:
                      name: previous
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig
                        update_frequency: 1
          http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
$(place first "$FIRST" "$FIRST_KEY")
$(place second "$SECOND" "$SECOND_KEY")
  clusters:
  - name: providers
    connect_timeout: 0.7s
    outlier_detection:
      consecutive_5xx: 3
      enforcing_consecutive_5xx: 100
      interval: 1s
      base_ejection_time: 20s
      max_ejection_percent: 100
    common_lb_config: {healthy_panic_threshold: {value: 0}}
    load_assignment:
      cluster_name: providers
      endpoints:
      - {priority: 0, lb_endpoints: [{endpoint: {address: {pipe: {path: $FOLDER/first.sock}}}}]}
      - {priority: 1, lb_endpoints: [{endpoint: {address: {pipe: {path: $FOLDER/second.sock}}}}]}
$(cat "$FOLDER/clusters")
CONF
echo "$port" > "$FOLDER/port.part"
mv "$FOLDER/port.part" "$FOLDER/port"
exec "$ENVOY" -c "$FOLDER/envoy.yaml" --log-level warn --concurrency 1 --disable-hot-restart
