/// What every page has, as Mustache: see `pageTemplate`.
enum PageParts {
    /// Up to the beginning of the body; `title` may hold tags.
    static func head(title: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title)</title>
        <style>
        {{{style}}}
        </style>
        </head>
        <body>
        """
    }

    /// A note where some are missing, and the pictures.
    static let pictures = """
        {{#note}}
        <p class="note">{{note}}</p>
        {{/note}}
        {{#pictures}}
        <figure>
        {{{svg}}}
        <figcaption>{{caption}}</figcaption>
        </figure>
        {{/pictures}}
        """

    /// Of `ReportTable.values`.
    static let tables = """
        {{#tables}}
        <h2>{{title}}</h2>
        {{#remark}}
        <p>{{remark}}</p>
        {{/remark}}
        <table>
        <thead><tr>{{#columns}}<th{{#number}} class="number"{{/number}}>{{text}}</th>{{/columns}}</tr></thead>
        <tbody>
        {{#rows}}
        <tr>{{#cells}}<td{{#number}} class="number"{{/number}}>{{text}}</td>{{/cells}}</tr>
        {{/rows}}
        </tbody>
        </table>
        {{/tables}}
        """
}
