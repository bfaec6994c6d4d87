{{- /* Addresses of stores and services that are somebody else's. */}}

{{- /* Host and port of an address, without scheme, user and password. usage: include "fiscal.authority" URL */}}
{{- define "fiscal.authority" -}}
{{- regexFind "://[^/?#]*" . | trimPrefix "://" | splitList "@" | last -}}
{{- end }}

{{- /* The port that an address says, else that of its scheme, else what the values say.
usage: include "fiscal.externalPort" (dict "url" .Values.redis.externalUrl "values" 6379) */}}
{{- define "fiscal.externalPort" -}}
{{- $schemes := dict "postgresql" 5432 "redis" 6379 "rediss" 6379 "http" 80 "https" 443 "smtp" 25 "smtps" 465 -}}
{{- if .url -}}
{{- regexFind ":[0-9]+$" (include "fiscal.authority" .url) | trimPrefix ":" | default (get $schemes (splitList "://" .url | first)) -}}
{{- else }}{{ .values }}{{ end -}}
{{- end }}

{{- /* usage: include "fiscal.checkUrls" .Values; never repeats an address: it may hold a password */}}
{{- define "fiscal.checkUrls" -}}
{{- $urls := dict "postgres.externalUrl" .postgres.externalUrl "redis.externalUrl" .redis.externalUrl "secrets.smtpUrl" .secrets.smtpUrl "sii.authUrl" .sii.authUrl "sii.homeUrl" .sii.homeUrl "sii.servicesUrl" .sii.servicesUrl "sii.receiptsUrl" .sii.receiptsUrl "whatsapp.apiUrl" .whatsapp.apiUrl "pdfs.endpointUrl" .pdfs.endpointUrl "traces.endpoint" .traces.endpoint -}}
{{- range $path, $url := $urls -}}
  {{- if $url -}}
    {{- $authority := include "fiscal.authority" $url }}{{ $port := include "fiscal.externalPort" (dict "url" $url) | int -}}
    {{- if contains "," $authority }}{{ fail (printf "%s names several hosts; name one, for example that of a proxy in front of them." $path) }}{{ end -}}
    {{- if or (lt $port 1) (gt $port 65535) }}{{ fail (printf "%s names port %d; a port is a number from 1 to 65535." $path $port) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- if regexMatch "[?&]family=" .redis.externalUrl }}{{ fail "redis.externalUrl has the option family, at which the Redis client ends with an error; leave it out: both families work." }}{{ end -}}
{{- end }}
