/// Mustache: `{{x}}` is escaped, `{{{x}}}` is not and holds only what this module made itself.
let pageTemplate = """
    \(PageParts.head(title: "{{name}}"))
    <header>
    <h1>{{name}}</h1>
    <p>{{kind}}, {{method}}</p>
    </header>
    <dl class="headline">
    {{#headline}}
    <div><dt>{{key}}</dt><dd>{{value}}</dd></div>
    {{/headline}}
    </dl>
    \(PageParts.pictures)
    {{#has_thresholds}}
    <h2>Thresholds</h2>
    <table>
    <thead><tr><th>metric</th><th>must be</th><th class="number">was</th><th>verdict</th></tr></thead>
    <tbody>
    {{#thresholds}}
    <tr><td>{{metric}}</td><td>{{condition}}</td><td class="number">{{value}}</td><td>{{verdict}}</td></tr>
    {{/thresholds}}
    </tbody>
    </table>
    {{/has_thresholds}}
    <h2>Results</h2>
    <table>
    <tbody>
    {{#facts}}
    <tr><th>{{key}}</th><td>{{value}}</td></tr>
    {{/facts}}
    </tbody>
    </table>
    <h2>Federated traffic by segment</h2>
    <p>What a deployment would have sent, over all rounds and clients.</p>
    <table>
    <thead><tr><th>direction</th><th>kind</th><th>part</th><th>segment</th><th class="number">transfers</th>
    <th class="number">bytes</th><th class="number">a transfer</th><th class="number">share</th></tr></thead>
    <tbody>
    {{#segments}}
    <tr><td>{{direction}}</td><td>{{kind}}</td><td>{{part}}</td><td>{{segment}}</td>
    <td class="number">{{transfers}}</td><td class="number">{{bytes}}</td><td class="number">{{each}}</td>
    <td class="number">{{share}}</td></tr>
    {{/segments}}
    </tbody>
    </table>
    {{#has_clients}}
    <h2>Federated traffic by client</h2>
    <p>Of the {{client_count}} clients that took part; communication_clients.csv has each.</p>
    <table>
    <thead><tr><th></th><th class="number">least</th><th class="number">mean</th><th class="number">most</th></tr></thead>
    <tbody>
    {{#clients}}
    <tr><th>{{name}}</th><td class="number">{{least}}</td><td class="number">{{mean}}</td>
    <td class="number">{{most}}</td></tr>
    {{/clients}}
    </tbody>
    </table>
    {{/has_clients}}
    {{#has_devices}}
    <h2>Devices</h2>
    <p>Simulated seconds and joules of all clients' parts, by what became of them; clients.csv has each.</p>
    <table>
    <thead><tr>{{#device_columns}}<th{{#number}} class="number"{{/number}}>{{name}}</th>{{/device_columns}}</tr></thead>
    <tbody>
    {{#devices}}
    <tr>{{#cells}}<td{{#number}} class="number"{{/number}}>{{text}}</td>{{/cells}}</tr>
    {{/devices}}
    </tbody>
    </table>
    {{/has_devices}}
    {{#has_targets}}
    <h2>What an accuracy took</h2>
    <p>The first round at or above it {{measure}}, and everything that was sent until its end.</p>
    <table>
    <thead><tr><th class="number">accuracy</th><th class="number">round</th><th class="number">up</th>
    <th class="number">down</th><th class="number">simulated time</th><th class="number">energy</th></tr></thead>
    <tbody>
    {{#targets}}
    <tr><td class="number">{{target}}</td><td class="number">{{round}}</td><td class="number">{{up}}</td>
    <td class="number">{{down}}</td><td class="number">{{time}}</td><td class="number">{{energy}}</td></tr>
    {{/targets}}
    </tbody>
    </table>
    {{/has_targets}}
    <h2>Rounds</h2>
    {{#thinned}}
    <p>A selection of {{thinned}} rounds; rounds.csv has all.</p>
    {{/thinned}}
    <table>
    <thead><tr><th class="number">round</th><th class="number">clients</th><th class="number">training loss</th>
    <th class="number">global test</th><th class="number">local test, mean</th>
    {{#has_local}}<th class="number">standard deviation</th><th class="number">worst tenth</th>{{/has_local}}
    <th class="number">up</th><th class="number">down</th><th class="number">both since start</th></tr></thead>
    <tbody>
    {{#rounds}}
    <tr><td class="number">{{round}}</td><td class="number">{{clients}}</td><td class="number">{{loss}}</td>
    <td class="number">{{global}}</td><td class="number">{{local}}</td>
    {{#has_local}}<td class="number">{{deviation}}</td><td class="number">{{worst}}</td>{{/has_local}}
    <td class="number">{{up}}</td><td class="number">{{down}}</td><td class="number">{{sum}}</td></tr>
    {{/rounds}}
    </tbody>
    </table>
    <h2>Environment</h2>
    <table>
    <tbody>
    {{#environment}}
    <tr><th>{{key}}</th><td>{{value}}</td></tr>
    {{/environment}}
    </tbody>
    </table>
    <h2>Scenario</h2>
    <pre>{{scenario}}</pre>
    </body>
    </html>

    """

/// Follows the reader's choice of light or dark; gnuplot's black takes the colour of the text.
let pageStyle = """
    :root { --ink: #1b1f24; --paper: #ffffff; --faint: #6b7280; --line: #d9dde3; --panel: #f5f6f8; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e4e7eb; --paper: #15181c; --faint: #98a1ad; --line: #343a42; --panel: #1e2228; }
    }
    body { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif;
      max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { margin: 0; overflow-wrap: anywhere; }
    h2 { margin: 2.5rem 0 0.5rem; font-size: 1.2rem; }
    header p { margin: 0; color: var(--faint); }
    .headline { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.5rem 0; }
    .headline div { background: var(--panel); border-radius: 8px; padding: 0.6rem 1rem; }
    .headline dt { color: var(--faint); font-size: 0.8rem; }
    .headline dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
    .note { background: var(--panel); border-left: 4px solid #d55e00; padding: 0.6rem 1rem; }
    figure { margin: 1.5rem 0; }
    figure svg { width: 100%; height: auto; max-width: 48rem; }
    figure svg [color="black"] { color: inherit; }
    figure svg [stroke="black"] { stroke: currentColor; }
    figure svg [fill="black"] { fill: currentColor; }
    figcaption { color: var(--faint); font-size: 0.9rem; }
    table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 0.9rem; }
    th, td { text-align: left; padding: 0.25rem 1rem 0.25rem 0; border-bottom: 1px solid var(--line);
      vertical-align: top; overflow-wrap: anywhere; }
    th { font-weight: 600; white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    pre { background: var(--panel); border-radius: 8px; padding: 1rem; overflow-x: auto; font-size: 0.85rem; }
    """
