{{- /*
Who talks to whom. `to`: peers of ours. `from`: `outside` where people come in. `out`: ports on
addresses that a policy cannot name (the portal, WhatsApp, a mail server). `pdfs`: the port of their
bucket, if there is one; `traces`: that of the collector. Nothing reaches the rest.
*/}}
{{- define "fiscal.network" -}}
api: {to: [postgres, redis, simulator], from: outside, pdfs: true, traces: true}
worker: {to: [postgres, redis, simulator], out: true, pdfs: true, traces: true}
beat: {to: [postgres, redis], traces: true}
flower: {to: [redis], from: outside}
metrics: {to: [postgres, redis], from: outside}
migrate: {to: [postgres]}
backup: {to: [postgres]}
seed: {to: [postgres, simulator]}
test: {to: [postgres, redis]}
simulator: {to: [api]}
postgres: {to: []}
redis: {to: []}
{{- end }}

{{- define "fiscal.ports" -}}
api: [8000]
flower: [5555]
metrics: [9464]
postgres: [5432]
redis: [6379]
simulator: [8080, 1025]
{{- end }}

{{- /* The roles that this release runs, as a JSON map to true. */}}
{{- define "fiscal.roles" -}}
{{- $roles := dict "api" true "worker" true "beat" true "flower" true "metrics" true "migrate" true "test" true -}}
{{- if .Values.demo.enabled }}{{ $_ := merge $roles (dict "simulator" true "seed" true) }}{{ end -}}
{{- if .Values.backup.enabled }}{{ $_ := set $roles "backup" true }}{{ end -}}
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

{{- /* Ports outside that workers reach, as a JSON list: those that the values name and those of the
addresses that the values, or the kept Secret, hold. A demo has no outside but the simulator. */}}
{{- define "fiscal.portsOutside" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.workerEgressPorts }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- if not .Values.demo.enabled -}}
  {{- $smtp := .Values.secrets.smtpUrl -}}
  {{- if not (or $smtp .Values.secrets.existingSecret) }}{{ $smtp = get (include "fiscal.keptSecret" . | fromJson) "smtp-url" | b64dec }}{{ end -}}
  {{- $sii := .Values.sii -}}
  {{- range list $smtp $sii.authUrl $sii.homeUrl $sii.servicesUrl $sii.receiptsUrl .Values.whatsapp.apiUrl .Values.memories.mem0Host .Values.memories.embedderUrl -}}
    {{- with . }}{{ $ports = append $ports (include "fiscal.externalPort" (dict "url" .) | int) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end }}
