{{- /*
One Job, two wrappings. On an upgrade of a release whose database is there: a hook before anything
changes, so that a migration that fails leaves the old version serving. Otherwise: an ordinary Job,
for which every pod waits. (A post-install hook would wait for pods that wait for it; a pre-install
hook would run before the bundled database exists.)
*/}}
{{- define "fiscal.migrateSpec" -}}
# A hook has to say soon that it failed; a first install waits for a database that is starting.
backoffLimit: {{ .hook | ternary 1 6 }}
{{- if .hook }}
# A failed one stays to be read; Helm does not delete it on uninstall.
ttlSecondsAfterFinished: 86400
{{- end }}
template: {{- include "fiscal.podTemplate" (dict "root" .root "role" "migrate" "args" (list "migrate") "restartPolicy" "Never") | nindent 2 }}
{{- end }}

{{- /*
True on the upgrade of a release whose database exists and is the one that the new values name. The
hook runs before the new objects do, so that it reads what the release before it made.
*/}}
{{- define "fiscal.migrateAsHook" -}}
{{- if .Release.IsUpgrade -}}
  {{- $kept := include "fiscal.keptSecret" . | fromJson -}}
  {{- if .Values.postgres.existingSecret -}}
    {{- if lookup "v1" "Secret" .Release.Namespace .Values.postgres.existingSecret }}true{{ end -}}
  {{- else if .Values.postgres.externalUrl -}}
    {{- if eq (get $kept "database-url" | b64dec) .Values.postgres.externalUrl }}true{{ end -}}
  {{- else -}}
    {{- $postgres := lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-postgres" (include "fiscal.fullname" .)) -}}
    {{- if and $postgres (dig "status" "readyReplicas" 0 $postgres) }}true{{ end -}}
  {{- end -}}
{{- end -}}
{{- end }}
