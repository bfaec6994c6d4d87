{{- /*
What a backup's Job is, each night and at first: the passphrase comes as a file, into no environment
and no command line.
*/}}
{{- define "fiscal.backupSpec" -}}
{{- $directory := "/backups" -}}
{{- $volumes := list
  (dict "name" "backups" "persistentVolumeClaim" (dict "claimName" (include "fiscal.backupClaim" .)))
  (dict "name" "passphrase" "secret" (dict "secretName" (include "fiscal.secretName" .)
    "items" (list (dict "key" "backup-passphrase" "path" "backup-passphrase"))))
-}}
{{- $mounts := list
  (dict "name" "backups" "mountPath" $directory)
  (dict "name" "passphrase" "mountPath" "/run/passphrase" "readOnly" true)
-}}
{{- $options := deepCopy .Values.backup -}}
{{- $_ := set $options "extraVolumes" (concat $volumes (.Values.backup.extraVolumes | default list)) -}}
{{- $_ := set $options "extraVolumeMounts" (concat $mounts (.Values.backup.extraVolumeMounts | default list)) -}}
{{- $owner := "" -}}
{{- if eq (include "fiscal.ownership" (dict "root" . "store" .Values.backup)) "root" -}}
  {{- $image := include "fiscal.image" (dict "root" . "image" "slim") -}}
  {{- $owner = include "fiscal.ownVolume" (dict "root" . "image" $image "user" 10001 "volume" "backups" "path" $directory) -}}
{{- end -}}
backoffLimit: 2
# One that hangs must not keep the next one from beginning.
activeDeadlineSeconds: 3600
template: {{- include "fiscal.podTemplate" (dict
  "root" . "role" "backup" "options" $options "restartPolicy" "Never" "waitForSchema" true "initContainers" $owner
  "args" (list "fiscal" "backup" "--directory" $directory "--keep" (.Values.backup.keep | int | toString)
    "--passphrase-file" "/run/passphrase/backup-passphrase")
) | nindent 2 }}
{{- end }}

{{- define "fiscal.backupClaim" -}}
{{- .Values.backup.persistence.existingClaim | default (printf "%s-backups" (include "fiscal.fullname" .)) -}}
{{- end }}
