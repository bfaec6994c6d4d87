{{- /* usage: include "fiscal.container" (dict "root" $ "image" "slim" "args" (list "api")) */}}
{{- define "fiscal.container" -}}
image: {{ include "fiscal.image" (dict "root" .root "image" (.image | default "slim")) | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ toJson .args }}
securityContext: {{- include "fiscal.containerSecurity" . | nindent 2 }}
# The last words of a container that failed stand in `kubectl describe`.
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}

{{- /*
The whole env of a role's container. What `env` and `extraEnv` name replaces ours: with two entries
of one name, an upgrade that removes one of them removes both.
usage: include "fiscal.containerEnv" (dict "root" $ "role" "api" "options" .Values.api "env" TEXT)
*/}}
{{- define "fiscal.containerEnv" -}}
{{- $options := .options | default .root.Values.jobs -}}
{{- $ours := printf "%s\n%s" (eq .role "simulator" | ternary "" (include "fiscal.env" .)) (.env | default "") | fromYamlArray -}}
{{- $yours := list -}}
{{- range $name, $value := $options.env -}}
  {{- /* toJson, because a number printed as it is turns 1000000 into 1e+06. */ -}}
  {{- $yours = append $yours (dict "name" $name "value" (kindIs "string" $value | ternary $value (toJson $value))) -}}
{{- end -}}
{{- $yours = concat $yours ($options.extraEnv | default list) -}}
{{- $names := list }}{{ range $yours }}{{ $names = append $names .name }}{{ end -}}
{{- $env := list }}{{ range $ours }}{{ if not (has .name $names) }}{{ $env = append $env . }}{{ end }}{{ end -}}
{{- concat $env $yours | toYaml -}}
{{- end }}
