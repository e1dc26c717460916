extension KnowledgePartition {
    /// One filter a row, `filter,community,part`; communities and parts count from 1, a field is empty where the filter
    /// is in none.
    public var csv: String {
        let community = Self.membership(communities, filters: filters)
        let part = Self.membership(parts, filters: filters)
        func field(_ value: Int?) -> String { value.map { "\($0 + 1)" } ?? "" }
        return "filter,community,part\n"
            + (0..<filters).map { "\($0),\(field(community[$0])),\(field(part[$0]))\n" }.joined()
    }

    /// A JSON object with the keys `communities`, `dropped`, `filters`, `modularity` and `parts`, in this order.
    public var json: String {
        func list(_ groups: [[Int]]) -> String {
            groups.isEmpty ? "[]" : "[\n    \(groups.map { "\($0)" }.joined(separator: ",\n    "))\n  ]"
        }
        return """
            {
              "communities": \(list(communities)),
              "dropped": \(dropped),
              "filters": \(filters),
              "modularity": \(modularity.map { "\($0)" } ?? "null"),
              "parts": \(list(parts))
            }

            """
    }

    /// GraphML (graphml.graphdrawing.org) for Gephi, Cytoscape, networkx and others. Nodes carry `community` and `part`,
    /// counted from 1, `degree` and `activity`, edges their `weight`; nodes in no community or part lack the value. Nil
    /// for rules without a graph.
    /// - Parameter means: [filters]: mean of the normalised activity, as of `FilterActivity`.
    public func graphML(activity means: [Double]) -> String? {
        guard let graph else { return nil }
        precondition(means.count == filters, "\(means.count) filters, not \(filters)")
        let community = Self.membership(communities, filters: filters)
        let part = Self.membership(parts, filters: filters)
        let degrees = graph.degrees
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            #"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#,
        ]
        for (name, domain, type) in [
            ("community", "node", "int"), ("part", "node", "int"), ("degree", "node", "int"),
            ("activity", "node", "double"), ("weight", "edge", "double"),
        ] {
            lines.append(
                #"  <key id="\#(name)" for="\#(domain)" attr.name="\#(name)" attr.type="\#(type)"/>"#)
        }
        func data(_ key: String, _ value: (some CustomStringConvertible)?) -> String {
            value.map { #"<data key="\#(key)">\#($0)</data>"# } ?? ""
        }
        lines.append(#"  <graph id="filters" edgedefault="undirected">"#)
        for filter in 0..<filters {
            let values =
                data("community", community[filter].map { $0 + 1 })
                + data("part", part[filter].map { $0 + 1 })
                + data("degree", degrees[filter]) + data("activity", means[filter])
            lines.append(#"    <node id="\#(filter)">\#(values)</node>"#)
        }
        for edge in graph.edges {
            let weight = data("weight", edge.weight)
            lines.append(
                #"    <edge source="\#(edge.first)" target="\#(edge.second)">\#(weight)</edge>"#)
        }
        return (lines + ["  </graph>", "</graphml>", ""]).joined(separator: "\n")
    }
}
