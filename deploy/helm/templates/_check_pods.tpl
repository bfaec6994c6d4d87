{{- /* What no pod can be: checked for every role, whether it runs or not.
usage: include "fiscal.checkPod" (dict "who" "api" "options" .Values.api "ours" (list "tmp")) */}}
{{- define "fiscal.checkPod" -}}
{{- include "fiscal.checkResources" (dict "who" .who "resources" .options.resources) -}}
{{- include "fiscal.checkVolumes" . -}}
{{- include "fiscal.checkEnv" . -}}
{{- end }}

{{- define "fiscal.checkResources" -}}
{{- $who := .who }}{{ $resources := .resources | default dict -}}
{{- $requests := $resources.requests | default dict }}{{ $limits := $resources.limits | default dict -}}
{{- range $name := list "cpu" "memory" "ephemeral-storage" -}}
  {{- if and (hasKey $requests $name) (hasKey $limits $name) -}}
    {{- $request := get $requests $name }}{{ $limit := get $limits $name -}}
    {{- $sizes := dict -}}
    {{- range $key, $value := dict "request" $request "limit" $limit -}}
      {{- $_ := set $sizes $key (eq $name "cpu" | ternary (include "fiscal.millicores" $value) (include "fiscal.bytes" (toString $value))) -}}
    {{- end -}}
    {{- if gt (float64 $sizes.request) (float64 $sizes.limit) -}}
      {{- fail (printf "%s requests %v of %s and is limited to %v; lower the request or raise the limit in its resources." $who $request $name $limit) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "fiscal.checkVolumes" -}}
{{- $who := .who }}{{ $ours := .ours }}{{ $names := list -}}
{{- range .options.extraVolumes -}}
  {{- if has .name $ours }}{{ fail (printf "%s has %s among its extraVolumes, a name that the chart's own volume bears; take another name." $who .name) }}{{ end -}}
  {{- if has .name $names }}{{ fail (printf "%s has %s twice among its extraVolumes; give each a name of its own." $who .name) }}{{ end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- $paths := dict "tmp" "/tmp" "shm" "/dev/shm" "backups" "/backups" "passphrase" "/run/passphrase" }}{{ $taken := list -}}
{{- range $ours }}{{ $taken = append $taken (get $paths .) }}{{ end -}}
{{- range .options.extraVolumeMounts -}}
  {{- if not (has .name (concat $ours $names)) }}{{ fail (printf "%s mounts %s, which is none of its volumes; add it to extraVolumes." $who .name) }}{{ end -}}
  {{- if has (clean .mountPath) $taken }}{{ fail (printf "%s mounts two volumes at %s; take another mountPath." $who (clean .mountPath)) }}{{ end -}}
  {{- $taken = append $taken (clean .mountPath) -}}
{{- end -}}
{{- end }}

{{- /* A variable that replaces what the chart makes of its values is one that no check here has seen,
and one that a single role has is two truths in one release. */}}
{{- define "fiscal.checkEnv" -}}
{{- $who := .who }}{{ $names := keys (.options.env | default dict) | sortAlpha -}}
{{- $instead := dict "DATABASE_URL" "postgres.existingSecret" "REDIS_URL" "redis.existingSecret" "SECRET_KEYS" "secrets.existingSecret" -}}
{{- if .isWorker -}}
  {{- $_ := merge $instead (dict "CELERY_WORKER_NAME" "its name" "CELERY_QUEUES" "its queues" "CELERY_CONCURRENCY" "its concurrency" "CELERY_QUEUE_SLOTS" "its queueSlots" "CELERY_MAX_TASKS_PER_CHILD" "its maxTasksPerChild" "CELERY_SOFT_SHUTDOWN_SECONDS" "its softShutdownSeconds" "CELERY_LOG_LEVEL" "its logLevel") -}}
{{- end -}}
{{- range .options.extraEnv }}{{ $names = append $names .name }}{{ end -}}
{{- range $name := $names -}}
  {{- with get $instead (trimSuffix "_FILE" $name) -}}
    {{- fail (printf "%s sets the variable %s itself, past every check of the chart; set %s instead." $who $name .) -}}
  {{- end -}}
{{- end -}}
{{- if ne (len $names) (len (uniq $names)) }}{{ fail (printf "%s sets a variable twice in env and extraEnv (%s); leave one of the two out." $who (join ", " (sortAlpha $names))) }}{{ end -}}
{{- end }}
