{{- /* The Secret that this release makes and keeps, or yours in its place: the same keys. */}}
{{- define "fiscal.secretName" -}}
{{- .Values.secrets.existingSecret | default (include "fiscal.fullname" .) -}}
{{- end }}

{{- /* True where a store is somebody else's: usage: include "fiscal.isExternal" .Values.postgres */}}
{{- define "fiscal.isExternal" -}}
{{- if or .externalUrl .existingSecret }}true{{ end -}}
{{- end }}

{{- /*
One entry of a container's env out of a Secret.
usage: include "fiscal.fromSecret" (dict "root" $ "name" "API_KEYS" "key" "api-keys"), with
"optional" true where a pod goes without it.
*/}}
{{- define "fiscal.fromSecret" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | default (include "fiscal.secretName" .root) | quote }}
      key: {{ quote .key }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end }}

{{- /* The Secret as the cluster has it now; empty for `helm template` and on a first install. */}}
{{- define "fiscal.keptSecret" -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace (include "fiscal.fullname" .) | default dict -}}
{{- $found.data | default dict | toJson -}}
{{- end }}

{{- /* WhatsApp's token as it is kept; not the one that a demo invented, which Meta does not know. */}}
{{- define "fiscal.keptToken" -}}
{{- $token := get (include "fiscal.keptSecret" . | fromJson) "whatsapp-access-token" | b64dec -}}
{{- if not (hasPrefix "demo-" $token) }}{{ $token }}{{ end -}}
{{- end }}

{{- /*
The whole data of our Secret, key to text. Called once per render, because it throws dice: an
explicit value wins, then what is kept, then a random one. What is kept stays, even while it is not
in use: a volume without its password is lost data.
*/}}
{{- define "fiscal.secretData" -}}
{{- $data := dict -}}
{{- range $key, $encoded := include "fiscal.keptSecret" . | fromJson }}{{ $_ := set $data $key (b64dec $encoded) }}{{ end -}}
{{- $given := .Values.secrets -}}
{{- if not $given.existingSecret -}}
  {{- $fernet := randBytes 32 | replace "+" "-" | replace "/" "_" -}}
  {{- $made := dict "secret-keys" $fernet "api-keys" (randAlphaNum 40) "flower-basic-auth" (printf "fiscal:%s" (randAlphaNum 32)) "metrics-basic-auth" (printf "fiscal:%s" (randAlphaNum 32)) -}}
  {{- if not (include "fiscal.isExternal" .Values.redis) }}{{ $_ := set $made "redis-password" (randAlphaNum 32) }}{{ end -}}
  {{- if not (include "fiscal.isExternal" .Values.postgres) }}{{ $_ := set $made "postgres-password" (randAlphaNum 32) }}{{ end -}}
  {{- if .Values.demo.enabled }}{{ $_ := set $made "whatsapp-access-token" (printf "demo-%s" (randAlphaNum 32)) }}{{ end -}}
  {{- if .Values.backup.enabled }}{{ $_ := set $made "backup-passphrase" (randAlphaNum 32) }}{{ end -}}
  {{- if eq (include "fiscal.webhookKey" .) "demo-webhook-secret" }}{{ $_ := set $made "demo-webhook-secret" (printf "demo-%s" (randAlphaNum 32)) }}{{ end -}}
  {{- $data = merge $data $made -}}
  {{- range $value := list "secretKeys" "apiKeys" "flowerBasicAuth" "metricsBasicAuth" "redisPassword" "postgresPassword" "whatsappAccessToken" "whatsappAppSecret" "whatsappVerifyToken" "smtpUrl" "mem0ApiKey" "mem0EmbedderApiKey" "pdfAccessKeyId" "pdfSecretAccessKey" "backupPassphrase" -}}
    {{- with index $given $value }}{{ $_ := set $data (kebabcase $value) . }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- with .Values.redis.externalUrl }}{{ $_ := set $data "redis-url" . }}{{ end -}}
{{- with .Values.postgres.externalUrl }}{{ $_ := set $data "database-url" . }}{{ end -}}
{{- $data | toJson -}}
{{- end }}

{{- /*
Restarts a role when a secret that it reads is given another value, and nobody else. Over explicit
values only: a checksum over random ones would restart everything at each upgrade.
usage: include "fiscal.secretsChecksum" (dict "root" $ "role" "api")
*/}}
{{- define "fiscal.secretsChecksum" -}}
{{- $read := get (include "fiscal.secretReaders" . | fromYaml) .role | default list -}}
{{- $explicit := dict -}}
{{- range $path := $read -}}
  {{- $parts := splitList "." $path -}}
  {{- with index $.root.Values (first $parts) (last $parts) }}{{ $_ := set $explicit $path . }}{{ end -}}
{{- end -}}
{{- if $explicit }}{{ $explicit | toJson | sha256sum }}{{ end -}}
{{- end }}

{{- define "fiscal.secretReaders" -}}
api: [postgres.externalUrl, redis.externalUrl, secrets.postgresPassword, secrets.redisPassword, secrets.secretKeys, secrets.apiKeys, secrets.whatsappAppSecret, secrets.whatsappVerifyToken, secrets.pdfAccessKeyId, secrets.pdfSecretAccessKey]
worker: [postgres.externalUrl, redis.externalUrl, secrets.postgresPassword, secrets.redisPassword, secrets.secretKeys, secrets.whatsappAccessToken, secrets.smtpUrl, secrets.mem0ApiKey, secrets.mem0EmbedderApiKey, secrets.pdfAccessKeyId, secrets.pdfSecretAccessKey]
beat: [postgres.externalUrl, redis.externalUrl, secrets.postgresPassword, secrets.redisPassword]
flower: [redis.externalUrl, secrets.redisPassword, secrets.flowerBasicAuth]
metrics: [postgres.externalUrl, redis.externalUrl, secrets.postgresPassword, secrets.redisPassword, secrets.metricsBasicAuth]
simulator: [secrets.whatsappAccessToken, secrets.whatsappAppSecret]
redis: [secrets.redisPassword]
postgres: [secrets.postgresPassword]
{{- end }}
