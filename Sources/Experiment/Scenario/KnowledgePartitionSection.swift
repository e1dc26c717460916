import Methods

/// `partition` of distributed inference: who learns which of the teacher's filters.
enum KnowledgePartitionSection {
    static func visit(_ section: Section, _ value: inout DistributedInferenceConfiguration) {
        section.section("partition", "How the teacher's filters are divided over students.") { section in
            section.field(
                "students", &value.students, .oneOrMore(1...16), .value([2]), unit: "students",
                "Students that answer together; each number of a list is an experiment of its own, and the run's own "
                    + "accuracy is that of the first.")
            section.field(
                "redundancy", &value.redundancy, .integer(1...16), .value(1), unit: "students",
                "Students that learn the same part of the filters; the mean of those that answer counts.")
            visit(section, &value.partition)
        }
        value.partition.parts = (value.students[0] + value.redundancy - 1) / value.redundancy
    }

    private static func visit(_ section: Section, _ value: inout KnowledgePartitionSpec) {
        let standard = KnowledgePartitionSpec(parts: 1)
        section.field(
            "rule", &value.rule, .word(PartitionRule.self), .value(standard.rule),
            "`activation_hub` and `co_activation` look for communities of filters that answer together; `eigenvector` "
                + "cuts the graph of `co_activation` evenly; `random` draws the parts and `equal` slices the filters "
                + "in their order.")
        section.field(
            "top_filters", &value.topFilters, .integer(2...100_000), .value(standard.topFilters),
            unit: "filters", "The strongest filters of each image, which count as answering together.")
        section.field(
            "edge_percentile", &value.edgePercentile, .number(0...100), .value(standard.edgePercentile),
            unit: "%", "Edges of the graph below this percentile of all are removed.")
        section.field(
            "resolution", &value.resolution, .number(0...1000, above: true), .value(standard.resolution),
            "Of the modularity that communities maximise: greater values make smaller ones.")
        section.field(
            "isolated", &value.isolated, .word(IsolatedFilters.self), .value(standard.isolated),
            "What becomes of filters without an edge: nobody learns them, or with `cover` the smallest parts take "
                + "them; `drop_largest` makes them one group and drops the largest group, as the authors' program does."
        )
        section.field(
            "balance", &value.balance, .word(PartitionBalance.self), .value(standard.balance),
            "Whether parts become even in filters, or in filters for what the devices can hold.")
        section.optional(
            "images", &value.images, .integer(1...1_000_000_000), absence: "all", unit: "samples",
            "Validation samples on which filters are watched, from the first.")
    }

    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        guard walk.isSound("partition.students"), walk.isSound("partition.redundancy") else { return }
        let fewest = value.students.min() ?? 1
        if value.redundancy > fewest {
            let path = "partition.redundancy"
            walk.report(
                section.place(at: path), path, value: "\(value.redundancy)",
                "is more than the \(fewest == 1 ? "one student" : "\(fewest) students")", "lower it")
        }
        guard walk.isSound("teacher.model"), let plan = value.teacher.plan(value.dataset),
            let stage = try? FeatureStage(plan)
        else { return }
        let path = "partition.students"
        for students in value.students {
            let parts = (students + value.redundancy - 1) / value.redundancy
            guard parts > stage.filters else { continue }
            walk.report(
                section.place(at: path), path, value: "\(students)",
                "students need \(parts) parts, and the teacher has \(stage.filters) filters",
                "use fewer students, or a teacher with more filters")
        }
    }
}
