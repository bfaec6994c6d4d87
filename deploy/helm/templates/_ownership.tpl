{{- /*
How a store, or the backup, gets a directory that it may write: fsGroup (every ordinary StorageClass), root
(a first container hands the directory over) or none (a store's data lives as long as the pod). The class
kubernetes.io/host-path of test clusters ignores fsGroup and makes directories for root alone; in a
namespace that forbids root nothing can hand them over, and NOTES say so (docs/decisions).
usage: include "fiscal.ownership" (dict "root" $ "store" .Values.redis)
*/}}
{{- define "fiscal.ownership" -}}
{{- $wanted := .store.persistence -}}
{{- $provisioner := "" -}}
{{- range (lookup "storage.k8s.io/v1" "StorageClass" "" "" | default dict).items -}}
  {{- $isDefault := eq (dig "metadata" "annotations" "storageclass.kubernetes.io/is-default-class" "" .) "true" -}}
  {{- if eq .metadata.name $wanted.storageClassName | or (and $isDefault (not $wanted.storageClassName)) }}{{ $provisioner = .provisioner }}{{ end -}}
{{- end -}}
{{- $namespace := lookup "v1" "Namespace" "" .root.Release.Namespace | default dict -}}
{{- $forbidsRoot := eq (dig "metadata" "labels" "pod-security.kubernetes.io/enforce" "" $namespace) "restricted" -}}
{{- if ne $wanted.ownership "auto" }}{{ $wanted.ownership -}}
{{- else if or $wanted.existingClaim (ne $provisioner "kubernetes.io/host-path") }}fsGroup
{{- else }}{{ $forbidsRoot | ternary "none" "root" }}{{ end -}}
{{- end }}

{{- /* usage: include "fiscal.storeOwner" (dict "root" $ "store" .Values.redis "path" "/data") */}}
{{- define "fiscal.storeOwner" -}}
{{- if eq (include "fiscal.ownership" .) "root" }}
initContainers:
  {{- include "fiscal.ownVolume" (dict "root" .root "image" .store.image "user" 999 "volume" "data" "path" .path) | nindent 2 }}
{{- end }}
{{- end }}

{{- define "fiscal.ownVolume" -}}
- name: own-volume
  image: {{ quote .image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [chown, "{{ .user }}:{{ .user }}", {{ .path }}]
  securityContext:
    runAsNonRoot: false
    runAsUser: 0
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL], add: [CHOWN]}
  resources: {{- toYaml .root.Values.jobs.resources | nindent 4 }}
  volumeMounts:
    - {name: {{ .volume }}, mountPath: {{ .path }}}
{{- end }}
