{{- /* Combinations of values that cannot work: one sentence, before anything is created. */}}
{{- define "fiscal.check" -}}
{{- $values := .Values -}}
{{- $workers := include "fiscal.workers" . | fromJsonArray -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" (include "fiscal.fullname" .)) -}}
  {{- fail (printf "%s cannot begin the names of Services, which start with a letter and hold a-z, 0-9 and - only; choose another release name or set fullnameOverride." (include "fiscal.fullname" .)) -}}
{{- end -}}
{{- if gt (len (include "fiscal.fullname" .)) 40 -}}
  {{- fail (printf "%s is longer than 40 characters, and names of pods are made from it; choose a shorter release name or set fullnameOverride." (include "fiscal.fullname" .)) -}}
{{- end -}}
{{- range $store := list "redis" "postgres" -}}
  {{- $given := get $values $store -}}
  {{- if and $given.externalUrl $given.existingSecret }}{{ fail (printf "%s.externalUrl and %s.existingSecret are both set; keep the one that holds the address." $store $store) }}{{ end -}}
  {{- if and $values.demo.enabled (eq $store "postgres") (include "fiscal.isExternal" $given) }}{{ fail "demo.enabled fills the database with invented companies, and postgres names one of yours; leave out the one or the other." }}{{ end -}}
{{- end -}}
{{- if $values.secrets.existingSecret -}}
  {{- range $key, $value := omit $values.secrets "existingSecret" -}}
    {{- if $value }}{{ fail (printf "secrets.existingSecret and secrets.%s are both set; put %s into that Secret as %s." $key $key (kebabcase $key)) }}{{ end -}}
  {{- end -}}
{{- else if not $values.demo.enabled -}}
  {{- if and $values.whatsapp.phoneNumberId (not $values.secrets.whatsappAccessToken) (not (include "fiscal.keptToken" .)) -}}
    {{- fail "whatsapp.phoneNumberId is set and its token is not; set secrets.whatsappAccessToken, or secrets.existingSecret with the key whatsapp-access-token." -}}
  {{- end -}}
  {{- if and $values.mail.from (not $values.secrets.smtpUrl) (not (hasKey (include "fiscal.keptSecret" . | fromJson) "smtp-url")) -}}
    {{- fail "mail.from is set and the mail server is not; set secrets.smtpUrl, or secrets.existingSecret with the key smtp-url." -}}
  {{- end -}}
{{- end -}}
{{- include "fiscal.checkUrls" $values -}}
{{- with get (dict "directory" "directory" "s3" "bucket") $values.pdfs.store }}
  {{- if not (get $values.pdfs .) }}{{ fail (printf "pdfs.store is %s and pdfs.%s is empty; set it." $values.pdfs.store .) }}{{ end -}}
{{- end -}}
{{- if ne (empty $values.secrets.pdfAccessKeyId) (empty $values.secrets.pdfSecretAccessKey) }}{{ fail "secrets.pdfAccessKeyId and secrets.pdfSecretAccessKey go together; set both, or neither." }}{{ end -}}
{{- range $role := list "api" "beat" "flower" "metrics" "simulator" "jobs" }}{{ include "fiscal.checkPod" (dict "who" $role "options" (get $values $role) "ours" (list "tmp")) }}{{ end -}}
{{- include "fiscal.checkPod" (dict "who" "backup" "options" $values.backup "ours" (list "tmp" "backups" "passphrase")) -}}
{{- if has (splitList " " $values.backup.schedule | rest | first) (list "23" "0" "00") }}{{ fail (printf "backup.schedule %s is between 23:00 and 01:00, where Chile's change of clocks leaves an hour out or repeats one; take another hour." $values.backup.schedule) }}{{ end -}}
{{- range $worker := $workers -}}
  {{- $ours := eq $worker.image "selenium" | ternary (list "tmp" "shm") (list "tmp") -}}
  {{- include "fiscal.checkPod" (dict "who" (printf "worker %s" $worker.name) "options" $worker "ours" $ours "isWorker" true) -}}
{{- end -}}
{{- include "fiscal.checkStores" $values -}}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) }}{{ fail "ingress.enabled needs a host name; for example ingress.hosts={api.empresa.cl}." }}{{ end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) }}{{ fail "httpRoute.enabled needs a Gateway; for example httpRoute.parentRefs[0].name=public." }}{{ end -}}
{{- end }}

{{- define "fiscal.checkStores" -}}
{{- range $store := list "redis" "postgres" }}{{ include "fiscal.checkResources" (dict "who" $store "resources" (get $ $store).resources) }}{{ end -}}
{{- with dig "limits" "memory" "" .redis.resources -}}
  {{- if ge (include "fiscal.bytes" $.redis.maxmemory | int64) (include "fiscal.bytes" . | int64) -}}
    {{- fail (printf "redis.maxmemory %s is not below the memory limit of redis (%s), at which it is killed; half of the limit leaves room for a fork." $.redis.maxmemory .) -}}
  {{- end -}}
{{- end -}}
{{- end }}
