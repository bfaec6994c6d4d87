{{- /* The environment of our roles (docs/operations.md lists the variables). A role gets no more
secrets than it reads: Flower sees no database and no key, beat no key. */}}

{{- define "fiscal.env" -}}
- name: FISCAL_ENVIRONMENT
  value: {{ .root.Values.demo.enabled | ternary "demo" "production" }}
{{- if ne .role "flower" }}
{{ include "fiscal.env.postgres" .root }}
{{- end }}
{{- if has .role (list "api" "worker" "beat" "flower" "metrics" "test") }}
{{ include "fiscal.env.redis" .root }}
{{- end }}
{{- if has .role (list "api" "worker" "seed" "backup") }}
{{ include "fiscal.fromSecret" (dict "root" .root "name" "SECRET_KEYS" "key" "secret-keys") }}
{{- end }}
{{- if has .role (list "api" "worker" "seed") }}
{{ include "fiscal.env.portal" .root }}
{{- end }}
{{- if has .role (list "api" "worker") }}
{{ include "fiscal.env.pdfs" .root }}
{{- end }}
{{- if and (has .role (list "api" "worker" "beat")) .root.Values.traces.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ quote .root.Values.traces.endpoint }}
{{- end }}
{{- if eq .role "api" }}
{{ include "fiscal.env.webhooks" .root }}
{{- end }}
{{- if eq .role "worker" }}
{{ include "fiscal.env.channels" .root }}
{{ include "fiscal.env.memories" .root }}
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
  value: {{ printf "postgresql://fiscal:$(POSTGRES_PASSWORD)@%s-postgres:5432/fiscal" (include "fiscal.fullname" .) | quote }}
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
  value: {{ printf "redis://:$(REDIS_PASSWORD)@%s-redis:6379/0" (include "fiscal.fullname" .) | quote }}
{{- end }}
{{- end }}
