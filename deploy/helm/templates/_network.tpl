{{- /*
Who talks to whom. `to`: peers of ours. `from`: `outside` where people come in. `out`: ports on
addresses that a policy cannot name (the portal, WhatsApp, a mail server). Nothing reaches the rest.
*/}}
{{- define "fiscal.network" -}}
api: {to: [postgres, redis, simulator], from: outside}
worker: {to: [postgres, redis, simulator], out: true}
beat: {to: [postgres, redis]}
flower: {to: [redis], from: outside}
migrate: {to: [postgres]}
seed: {to: [postgres, simulator]}
test: {to: [postgres, redis]}
simulator: {to: []}
postgres: {to: []}
redis: {to: []}
{{- end }}

{{- define "fiscal.ports" -}}
api: [8000]
flower: [5555]
postgres: [5432]
redis: [6379]
simulator: [8080, 1025]
{{- end }}

{{- /* The roles that this release runs, as a JSON map to true. */}}
{{- define "fiscal.roles" -}}
{{- $roles := dict "api" true "worker" true "beat" true "flower" true "migrate" true "test" true -}}
{{- if .Values.demo.enabled }}{{ $_ := merge $roles (dict "simulator" true "seed" true) }}{{ end -}}
{{- if not (include "fiscal.isExternal" .Values.postgres) }}{{ $_ := set $roles "postgres" true }}{{ end -}}
{{- if not (include "fiscal.isExternal" .Values.redis) }}{{ $_ := set $roles "redis" true }}{{ end -}}
{{- $roles | toJson -}}
{{- end }}

{{- /* usage: include "fiscal.networkPorts" (list 8080 1025) */}}
{{- define "fiscal.networkPorts" -}}
{{- range . }}
- {port: {{ int . }}, protocol: TCP}
{{- end }}
{{- end }}

{{- /* The port of a store that is somebody else's: what its address says, else what the values say.
usage: include "fiscal.externalPort" (dict "url" .Values.redis.externalUrl "scheme" 6379 "values" 6379) */}}
{{- define "fiscal.externalPort" -}}
{{- if .url -}}
{{- regexFind ":[0-9]+(/|[?]|$)" (splitList "@" .url | last) | regexFind "[0-9]+" | default .scheme -}}
{{- else }}{{ .values }}{{ end -}}
{{- end }}
