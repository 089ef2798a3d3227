{{/*
For the chart of an app that depends on this one with mode: sidecar. In the template of the app's pods:

  metadata:
    labels: {{- include "werwatch.sidecarLabels" .Subcharts.werwatch | nindent 6 }}
  spec:
    initContainers: {{- include "werwatch.sidecar" .Subcharts.werwatch | nindent 6 }}
    volumes: {{- include "werwatch.sidecarVolumes" .Subcharts.werwatch | nindent 6 }}

With persistence.enabled that pod belongs to a StatefulSet, which takes besides:

  securityContext: {fsGroup: 10001}
  volumeClaimTemplates: {{- include "werwatch.sidecarClaims" .Subcharts.werwatch | nindent 4 }}
*/}}
{{- define "werwatch.sidecar" -}}
- restartPolicy: Always
  ports: [{name: werwatch, containerPort: 9600}]
  {{- include "werwatch.container" . | nindent 2 }}
  {{- if .Values.sidecar.appWaits }}
  {{- include "werwatch.startupProbe" . | nindent 2 }}
  {{- end }}
  {{- if .Values.sidecar.decidesReadiness }}
  {{- include "werwatch.readinessProbe" . | nindent 2 }}
  {{- end }}
  {{- with .Values.extraEnv }}
  env: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "werwatch.sidecarLabels" -}}
werwatch: sidecar
{{- end -}}

{{- define "werwatch.sidecarVolumes" -}}
{{ include "werwatch.configVolumes" . }}
{{- if not .Values.persistence.enabled }}
- name: werwatch-data
  emptyDir: {sizeLimit: {{ .Values.persistence.size }}}
{{- end }}
{{- end -}}

{{- define "werwatch.sidecarClaims" -}}
- metadata: {name: werwatch-data}
  spec: {{- include "werwatch.claim" . | nindent 4 }}
{{- end -}}
