{{- /* What the bundled Redis and Postgres have in common. 999 is their user in the official images. */}}
{{- define "fiscal.storePod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ include "fiscal.serviceAccountName" . | quote }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "fiscal.podSecurity" 999 | nindent 2 }}
{{- end }}

{{- /* usage: include "fiscal.storeProbes" "redis-cli ping" */}}
{{- define "fiscal.storeProbes" -}}
startupProbe:
  exec: {command: [sh, -c, {{ quote . }}]}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 150
readinessProbe:
  exec: {command: [sh, -c, {{ quote . }}]}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{- /* usage: include "fiscal.storeVolume" (dict "root" $ "role" "redis" "store" .Values.redis); cannot change later */}}
{{- define "fiscal.storeVolume" -}}
{{- if ne (include "fiscal.ownership" .) "none" }}
volumeClaimTemplates:
  - metadata:
      name: data
      labels: {{- include "fiscal.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .store.persistence.storageClassName }}
      storageClassName: {{ quote . }}
      {{- end }}
      resources:
        requests: {storage: {{ quote .store.persistence.size }}}
{{- end }}
{{- end }}
