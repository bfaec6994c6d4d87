{{- /*
The workers of the chosen topology as a JSON list, each with what it takes from workerDefaults, or
one sentence that says what is wrong with them.
*/}}
{{- define "fiscal.workers" -}}
{{- $listed := get .Values.topologies .Values.topology -}}
{{- if not $listed -}}
  {{- fail (printf "topology %s is none of those in `topologies`: %s; choose one of them or add it there." .Values.topology (keys .Values.topologies | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $workers := list -}}
{{- /* Not `merge`, which takes 0 and "" for unset. */ -}}
{{- range $listed }}
  {{- $worker := deepCopy $.Values.workerDefaults -}}
  {{- $autoscaling := dict "enabled" false "minReplicas" (has "low" .queues | ternary 0 1) "maxReplicas" 3 "pollingSeconds" 15 "cooldownSeconds" 300 -}}
  {{- range $key, $value := . }}{{ $_ := set $worker $key $value }}{{ end -}}
  {{- range $key, $value := .autoscaling }}{{ $_ := set $autoscaling $key $value }}{{ end -}}
  {{- $_ := set $worker "autoscaling" $autoscaling -}}
  {{- $workers = append $workers $worker -}}
{{- end -}}
{{- range $workers }}{{ include "fiscal.checkWorker" (dict "worker" . "topology" $.Values.topology) }}{{ end -}}
{{- include "fiscal.checkTopology" (dict "workers" $workers "topology" .Values.topology) -}}
{{- $workers | toJson -}}
{{- end }}

{{- /* "true" where KEDA scales any worker, else nothing. */}}
{{- define "fiscal.isAutoscaled" -}}
{{- range include "fiscal.workers" . | fromJsonArray }}{{ if .autoscaling.enabled }}true{{ break }}{{ end }}{{ end -}}
{{- end }}

{{- define "fiscal.checkTopology" -}}
{{- $names := list }}{{ $consumed := list }}{{ $asleep := list -}}
{{- range .workers -}}
  {{- if has .name $names }}{{ fail (printf "topology %s has two workers named %s; give each a name of its own." $.topology .name) }}{{ end -}}
  {{- $names = append $names .name }}{{ if or .autoscaling.enabled (int .replicas) }}{{ $consumed = concat $consumed .queues }}{{ else }}{{ $asleep = concat $asleep .queues }}{{ end -}}
{{- end -}}
{{- range list "high" "default" "low" -}}
  {{- if and (has . $asleep) (not (has . $consumed)) }}{{ fail (printf "topology %s has only workers with replicas 0 for queue %s; raise one, or stop it for a while by kubectl scale." $.topology .) }}{{ end -}}
  {{- if not (has . $consumed) }}{{ fail (printf "topology %s has no worker for queue %s; add %s to the queues of one." $.topology . .) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "fiscal.checkWorker" -}}
{{- $worker := .worker }}{{ $who := printf "worker %s of topology %s" .worker.name .topology -}}
{{- if and (has "low" $worker.queues) (ne $worker.image "selenium") -}}
  {{- fail (printf "%s consumes queue low, whose tasks need Chrome, on image %s; set image: selenium or leave the queue out." $who $worker.image) -}}
{{- end -}}
{{- range $queue, $slots := $worker.queueSlots -}}
  {{- if not (has $queue $worker.queues) }}{{ fail (printf "%s has queueSlots for queue %s, which it does not consume; its queues are %s." $who $queue (join ", " $worker.queues)) }}{{ end -}}
  {{- if gt (int $slots) (int $worker.concurrency) }}{{ fail (printf "%s gives queue %s %d slots and has a concurrency of %d; lower the one or raise the other." $who $queue (int $slots) (int $worker.concurrency)) }}{{ end -}}
{{- end -}}
{{- with $worker.autoscaling -}}
  {{- if .enabled -}}
    {{- if and (has "low" $worker.queues) (has "high" $worker.queues) }}{{ fail (printf "%s consumes high, for which a copy has to be there, and low, whose copies may only all go; scale workers of a topology that parts the two." $who) }}{{ end -}}
    {{- if gt (int .minReplicas) (int .maxReplicas) }}{{ fail (printf "%s scales from %d copies to %d; set autoscaling.minReplicas to no more than maxReplicas." $who (int .minReplicas) (int .maxReplicas)) }}{{ end -}}
    {{- if and (has "low" $worker.queues) (int .minReplicas) }}{{ fail (printf "%s consumes queue low and keeps at least %d copies; to take one of several away ends a scrape, so it scales down to none only: set autoscaling.minReplicas to 0." $who (int .minReplicas)) }}{{ end -}}
    {{- if and (has "high" $worker.queues) (not (int .minReplicas)) }}{{ fail (printf "%s consumes queue high and may go to no copy at all; people wait for high: set autoscaling.minReplicas to 1 or more, or leave the queue out." $who) }}{{ end -}}
  {{- end -}}
{{- end -}}
{{- $memory := dig "limits" "memory" "" $worker.resources }}{{ $shm := $worker.shmSize | default "512Mi" -}}
{{- if and $memory (eq $worker.image "selenium") (ge (include "fiscal.bytes" $shm | int64) (include "fiscal.bytes" ($memory | default "0") | int64)) -}}
  {{- fail (printf "%s has shmSize %s, a part of its memory limit, which is %s; lower the one or raise the other." $who $shm $memory) -}}
{{- end -}}
{{- if ge (add (int $worker.handOverSeconds) (int $worker.softShutdownSeconds) | int) (int $worker.terminationGracePeriodSeconds) -}}
  {{- fail (printf "%s has handOverSeconds %d and softShutdownSeconds %d, which together must be less than terminationGracePeriodSeconds (%d): a run that has to stop goes back to its queue in between." $who (int $worker.handOverSeconds) (int $worker.softShutdownSeconds) (int $worker.terminationGracePeriodSeconds)) -}}
{{- end -}}
{{- end }}
