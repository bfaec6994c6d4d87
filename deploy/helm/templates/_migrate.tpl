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
hook runs before the new objects do, so that it may use only what the release before it made: the
Secret that it reads, and the NetworkPolicy that lets it out.
*/}}
{{- define "fiscal.migrateAsHook" -}}
{{- if .Release.IsUpgrade -}}
  {{- $kept := include "fiscal.keptSecret" . | fromJson -}}
  {{- $given := .Values.postgres -}}
  {{- if $given.existingSecret -}}
    {{- $secret := lookup "v1" "Secret" .Release.Namespace $given.existingSecret | default dict -}}
    {{- $reads := printf "%s/%s" $given.existingSecret $given.existingSecretKey -}}
    {{- if and (hasKey ($secret.data | default dict) $given.existingSecretKey) (eq (include "fiscal.liveDatabase" .) $reads) (include "fiscal.livePolicyLetsOut" .) }}true{{ end -}}
  {{- else if $given.externalUrl -}}
    {{- if eq (get $kept "database-url" | b64dec) $given.externalUrl }}true{{ end -}}
  {{- else -}}
    {{- $postgres := lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-postgres" (include "fiscal.fullname" .)) -}}
    {{- $hasPassword := or .Values.secrets.existingSecret (hasKey $kept "postgres-password") -}}
    {{- if and $postgres $hasPassword (dig "status" "readyReplicas" 0 $postgres) }}true{{ end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* Secret and key from which the API that runs takes the address of its database. */}}
{{- define "fiscal.liveDatabase" -}}
{{- $api := lookup "apps/v1" "Deployment" .Release.Namespace (printf "%s-api" (include "fiscal.fullname" .)) | default dict -}}
{{- range dig "spec" "template" "spec" "containers" list $api -}}
  {{- range .env -}}
    {{- if and (eq .name "DATABASE_URL") .valueFrom }}{{ printf "%s/%s" .valueFrom.secretKeyRef.name .valueFrom.secretKeyRef.key }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* True unless a NetworkPolicy of the release before keeps its migration from the port that the new
values name. */}}
{{- define "fiscal.livePolicyLetsOut" -}}
{{- $policy := lookup "networking.k8s.io/v1" "NetworkPolicy" .Release.Namespace (printf "%s-migrate" (include "fiscal.fullname" .)) -}}
{{- $ports := list -}}
{{- range dig "spec" "egress" list ($policy | default dict) }}{{ range .ports }}{{ $ports = append $ports (int .port) }}{{ end }}{{ end -}}
{{- if or (not $policy) (has (int .Values.networkPolicy.externalPostgresPort) $ports) }}true{{ end -}}
{{- end }}
