{{- /* The environment of our roles (docs/operations.md lists the variables). A role gets no more
secrets than it reads: Flower sees no database and no key, beat no key. */}}

{{- define "fiscal.env" -}}
- name: FISCAL_ENVIRONMENT
  value: {{ .root.Values.demo.enabled | ternary "demo" "production" }}
{{- if ne .role "flower" }}
{{ include "fiscal.env.postgres" .root }}
{{- end }}
{{- if has .role (list "api" "worker" "beat" "flower" "seed" "test") }}
{{ include "fiscal.env.redis" .root }}
{{- end }}
{{- if has .role (list "api" "worker" "seed") }}
{{ include "fiscal.fromSecret" (dict "root" .root "name" "SECRET_KEYS" "key" "secret-keys") }}
{{ include "fiscal.env.portal" .root }}
{{- end }}
{{- if eq .role "worker" }}
{{ include "fiscal.env.channels" .root }}
{{- end }}
{{- end }}

{{- define "fiscal.env.postgres" -}}
{{- $store := .Values.postgres -}}
{{- if include "fiscal.isExternal" $store -}}
{{- $ours := dict "secret" (include "fiscal.fullname" .) "key" "database-url" -}}
{{- $yours := dict "secret" $store.existingSecret "key" $store.existingSecretKey -}}
{{ include "fiscal.fromSecret" (merge (dict "root" . "name" "DATABASE_URL") ($store.existingSecret | not | ternary $ours $yours)) }}
{{- else -}}
{{ include "fiscal.fromSecret" (dict "root" . "name" "POSTGRES_PASSWORD" "key" "postgres-password") }}
- name: DATABASE_URL
  value: postgresql://fiscal:$(POSTGRES_PASSWORD)@{{ include "fiscal.fullname" . }}-postgres:5432/fiscal
{{- end }}
{{- end }}

{{- define "fiscal.env.redis" -}}
{{- $store := .Values.redis -}}
{{- if include "fiscal.isExternal" $store -}}
{{- $ours := dict "secret" (include "fiscal.fullname" .) "key" "redis-url" -}}
{{- $yours := dict "secret" $store.existingSecret "key" $store.existingSecretKey -}}
{{ include "fiscal.fromSecret" (merge (dict "root" . "name" "REDIS_URL") ($store.existingSecret | not | ternary $ours $yours)) }}
{{- else -}}
{{ include "fiscal.fromSecret" (dict "root" . "name" "REDIS_PASSWORD" "key" "redis-password") }}
- name: REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "fiscal.fullname" . }}-redis:6379/0
{{- end }}
{{- end }}

{{- define "fiscal.env.portal" -}}
{{- $simulator := printf "http://%s-simulator:8080" (include "fiscal.fullname" .) -}}
{{- $sii := .Values.sii -}}
{{- if .Values.demo.enabled -}}
  {{- $sii = dict "authUrl" (printf "%s/zeusr" $simulator) "homeUrl" (printf "%s/misiir" $simulator) "servicesUrl" (printf "%s/www4" $simulator) "minRequestInterval" 0.1 -}}
{{- end -}}
- name: SII_MIN_REQUEST_INTERVAL
  value: {{ $sii.minRequestInterval | quote }}
{{- range $name, $key := dict "SII_AUTH_URL" "authUrl" "SII_HOME_URL" "homeUrl" "SII_SERVICES_URL" "servicesUrl" }}
{{- with get $sii $key }}
- name: {{ $name }}
  value: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fiscal.env.channels" -}}
{{- $demo := .Values.demo.enabled -}}
{{- $simulator := printf "%s-simulator" (include "fiscal.fullname" .) -}}
{{- with .Values.whatsapp.phoneNumberId | default ($demo | ternary "100000000000001" "") }}
- name: WHATSAPP_PHONE_NUMBER_ID
  value: {{ . | quote }}
{{ include "fiscal.fromSecret" (dict "root" $ "name" "WHATSAPP_ACCESS_TOKEN" "key" "whatsapp-access-token") }}
{{- end }}
{{- with $demo | ternary (printf "http://%s:8080/whatsapp" $simulator) .Values.whatsapp.apiUrl }}
- name: WHATSAPP_API_URL
  value: {{ . }}
{{- end }}
{{- with .Values.mail.from | default ($demo | ternary "avisos@fiscal.example" "") }}
- name: MAIL_FROM
  value: {{ . | quote }}
{{- if $demo }}
- name: SMTP_URL
  value: smtp://{{ $simulator }}:1025
{{- else }}
{{ include "fiscal.fromSecret" (dict "root" $ "name" "SMTP_URL" "key" "smtp-url") }}
{{- end }}
{{- end }}
{{- end }}
