{{- /* What Pod Security `restricted` asks, for every pod of the chart. usage: include "fiscal.podSecurity" 10001 */}}
{{- define "fiscal.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "fiscal.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /*
Where a pod may run. A spread constraint without a selector counts the pods of its own Deployment.
usage: include "fiscal.scheduling" (dict "options" OPTIONS "selector" LABELS)
*/}}
{{- define "fiscal.scheduling" -}}
{{- $scheduling := pick .options "nodeSelector" "tolerations" "affinity" "priorityClassName" -}}
{{- $selector := dict "matchLabels" (fromYaml .selector) -}}
{{- $spread := list -}}
{{- range .options.topologySpreadConstraints -}}
  {{- $spread = append $spread (hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $selector)) -}}
{{- end -}}
{{- with $spread }}{{ $_ := set $scheduling "topologySpreadConstraints" . }}{{ end -}}
{{- range $key, $value := $scheduling }}
{{- with $value }}
{{ dict $key . | toYaml }}
{{- end }}
{{- end }}
{{- end }}
