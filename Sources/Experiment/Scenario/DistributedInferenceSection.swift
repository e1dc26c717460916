import Methods
import Networks

/// The keys of `kind: distributed_inference`.
enum DistributedInferenceSection {
    static func visit(_ section: Section, _ value: inout DistributedInferenceConfiguration) {
        section.field(
            "seed", &value.seed, .seed, .value(1),
            "Everything random follows from it: equal seeds give equal results, to the bit.")
        DatasetSection.visit(
            section, &value.dataset, validationFraction: &value.validationFraction, &value.preprocessing,
            use: "; a teacher's filters are watched on it")
        TeacherSection.visit(section, &value.teacher, classes: value.dataset.classCount)
        KnowledgePartitionSection.visit(section, &value)
        StudentSection.visit(
            section, &value.student, teacher: value.teacher.plan(value.dataset),
            input: value.dataset.inputShape,
            classes: value.dataset.classCount)
        DistillationSection.visit(section, &value.distillation)
        DeploymentSection.visit(section, &value.deployment, value.dataset)
        section.field(
            "baselines", &value.baselines, .set(of: .word(InferenceBaseline.self), count: 0...9),
            .value([.teacher]),
            "What the students are compared with in the same run. `teacher` on one device is always there; "
                + "`single_student` is as large as all students together and learns from the teacher's answers, "
                + "`attention_transfer` from its attention maps, too; `channel_split` is the single student cut over "
                + "as many devices, `split_kd` as many students without a partition; the others divide the filters by "
                + "another `partition.rule`.")
    }

    static func checkAcrossFields(_ section: Section, _ value: DistributedInferenceConfiguration) {
        DatasetSection.checkAcrossFields(section, images: value.dataset)
        guard section.walk.isSound("dataset") else { return }
        TeacherSection.checkAcrossFields(section, value)
        KnowledgePartitionSection.checkAcrossFields(section, value)
        StudentSection.checkAcrossFields(section, value)
        DistillationSection.checkAcrossFields(section, value)
        DeploymentSection.checkAcrossFields(section, value)
        checkBaselines(section, value)
    }

    /// A single student of the size of all is another network of their family.
    private static func checkBaselines(_ section: Section, _ value: DistributedInferenceConfiguration) {
        let walk = section.walk
        guard walk.isSound("baselines"), walk.isSound("student") else { return }
        func report(_ baseline: InferenceBaseline, _ message: String, _ remedy: String) {
            walk.report(
                section.place(at: "baselines"), "baselines", value: baseline.rawValue, message, remedy)
        }
        let sized: Set<InferenceBaseline> = [.singleStudent, .attentionTransfer, .channelSplit, .splitKD]
        guard let family = value.student.family else {
            for baseline in value.baselines where sized.contains(baseline) {
                report(
                    baseline, "needs networks of other sizes, which student.model has not",
                    "name student.family, or a model of one: "
                        + StudentFamily.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return
        }
        guard value.baselines.contains(.attentionTransfer), walk.isSound("teacher"),
            let teacher = value.teacher.plan(value.dataset),
            let student = try? NetworkPlan.zoo(
                family.names[0], input: value.dataset.inputShape, classes: value.dataset.classCount)
        else { return }
        if (try? AttentionTransfer(teacher: teacher, student: student)) == nil {
            report(
                .attentionTransfer, "finds no planes of one size in \(family.rawValue) and the teacher",
                "remove it, or use students of the teacher's family")
        }
    }
}
