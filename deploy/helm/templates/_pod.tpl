{{- /*
The pod template of every container of our images.
usage: include "fiscal.podTemplate" (dict "root" $ "role" "api" "args" (list "api") ...)
  root, role, args    required
  options             values of the role: resources, env, extraEnv, nodeSelector, ... (default: jobs)
  image               slim, selenium or simulator (default slim)
  worker              name of the worker, for its label
  env, ports, probes, lifecycle   text, as it stands in a container
  shmSize             memory for Chrome's /dev/shm, e.g. 512Mi
  initContainers      text, a list of containers that run first
  waitForSchema       true: an init container waits until the database is as new as the image
  grace               seconds from SIGTERM to SIGKILL
  restartPolicy       for jobs
*/}}
{{- define "fiscal.podTemplate" -}}
{{- $options := .options | default .root.Values.jobs -}}
{{- $values := .root.Values -}}
metadata:
  labels:
    {{- include "fiscal.selector" . | nindent 4 }}
    {{- with $options.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- $annotations := $options.podAnnotations | default dict | deepCopy }}
  {{- with include "fiscal.secretsChecksum" . }}{{ $_ := set $annotations "checksum/secrets" . }}{{ end }}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  # A Service named `flower` would set FLOWER_PORT to something that is no port.
  enableServiceLinks: false
  # The hook runs before a new account exists, and no role needs one of its own.
  serviceAccountName: {{ eq .role "migrate" | ternary "default" (include "fiscal.serviceAccountName" .root) | quote }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext: {{- include "fiscal.podSecurity" 10001 | nindent 4 }}
  {{- include "fiscal.scheduling" (dict "options" $options "selector" (include "fiscal.selector" .)) | nindent 2 }}
  {{- with .grace }}
  terminationGracePeriodSeconds: {{ int . }}
  {{- end }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- if or .waitForSchema .initContainers }}
  initContainers:
    {{- with .initContainers }}{{ . | trim | nindent 4 }}{{ end }}
    {{- end }}
    {{- if .waitForSchema }}
    - name: wait-for-schema
      {{- include "fiscal.container" (merge (dict "args" (list "fiscal" "wait-for-schema" "--timeout" "600")) .) | nindent 6 }}
      env: {{- include "fiscal.env" (dict "root" .root "role" "migrate") | nindent 8 }}
      resources: {{- toYaml $values.jobs.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
  {{- end }}
  containers:
    - name: {{ .role }}
      {{- include "fiscal.container" . | nindent 6 }}
      env: {{- include "fiscal.containerEnv" . | nindent 8 }}
      {{- with .ports }}{{ . | trim | nindent 6 }}{{ end }}
      {{- with .probes }}{{ . | trim | nindent 6 }}{{ end }}
      resources: {{- toYaml $options.resources | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if .shmSize }}
        - {name: shm, mountPath: /dev/shm}
        {{- end }}
        {{- with $options.extraVolumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: 256Mi}
    {{- with .shmSize }}
    - name: shm
      emptyDir: {medium: Memory, sizeLimit: {{ quote . }}}
    {{- end }}
    {{- with $options.extraVolumes }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end }}
